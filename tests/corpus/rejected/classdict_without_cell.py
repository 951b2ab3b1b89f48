class Assigned:
    __classdict__ = 1
    type Alias = name
