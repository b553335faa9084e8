"""Become a command that ends with the process that started it, also where that is killed. Imports no TensorFlow.

python -m gan_lowlevel.tether PARENT PROGRAM ARGUMENT ...     (PARENT is that process's number)
"""

import os
import sys

from gan_lowlevel import system

if __name__ == "__main__":
    system.end_with_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
