# coding: euc_kr
a = "갂"
