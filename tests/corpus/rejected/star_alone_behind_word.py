# Told of while other words for the mistake are looked for, up to 3.13.
select count(*) from t
