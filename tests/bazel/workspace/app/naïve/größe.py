def größe(text):
    return len([zeichen for zeichen in text if zeichen.isalpha()])
