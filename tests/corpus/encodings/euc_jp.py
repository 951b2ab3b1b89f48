# coding: euc_jp
a = "〜‖−¢£¬日本語ｱｲｳ丂"
