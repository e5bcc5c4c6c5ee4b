"""Code that the functions share; packaged beside each of them as ``common/``.

The errors that the functions raise on purpose, by the modules that define them::

    FunctionError                           errors
    ├── ConfigurationError                  errors
    ├── RequestError                        errors
    ├── DatabaseUnavailableError            errors
    │   └── CredentialsRejectedError        errors
    ├── MigrationError                      errors
    ├── BadObjectError                      errors
    ├── CustomResourceError                 errors
    ├── LoginRejectedError                  mysql
    ├── DatabaseUserError                   mysql_users
    ├── PayloadError                        log_alerts.alert
    ├── RotationError                       rotate_secret.credentials
    └── PostponedError                      process.batches
        ├── HorizonMovedError               process.batches
        ├── BusyError                       process.batches
        └── OutOfTimeError                  process.handler

``schema.RecordError`` is a ValueError and not in this tree, because ``schema`` imports only the standard library.

The tree and its names are like those of ``web_src/payments/errors.py`` on purpose. The functions and the payment service
are two deployables that share no code.
"""
