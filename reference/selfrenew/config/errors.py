# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with a configuration.

ConfigurationError  the file, a value in it, or something it names cannot be used
"""


class ConfigurationError(Exception):
    """A configuration cannot be used."""
