# coding: koi8-r
'а'
