import os
from {{ cookiecutter.package }} import main
