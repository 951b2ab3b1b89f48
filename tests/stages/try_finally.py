def f(path):
    try:
        try:
            handle = open(path)
        except OSError as error:
            if error.errno:
                return None
            raise ValueError(path) from error
        finally:
            print(path)
    except (KeyError, ValueError):
        pass
    else:
        return handle
    return path
