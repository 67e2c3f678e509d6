# SPDX-License-Identifier: Apache-2.0
"""The English texts, which are the keys of every translation; read them through the package above.

Names in capitals are texts. Each stands in one module alone.
"""

from .agent import *
from .authority import *
from .card import *
from .configuration import *
from .connection import *
from .desktop import *
from .diagnosis import *
from .page import *
from .passcode import *
from .portal import *
from .program import *
from .renewal import *
from .services import *
from .setup_check import *
from .sign_in import *
from .words import *
