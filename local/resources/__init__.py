"""The resource types that the emulator's CloudFormation lacks or only half has, by group of services."""
