class Declared:
    global __classdict__
    type Alias = int
