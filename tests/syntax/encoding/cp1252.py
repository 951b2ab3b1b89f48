#!/x
# vim: set fileencoding=cp1252 :
'€'
