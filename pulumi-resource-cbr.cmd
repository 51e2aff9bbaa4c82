@echo off
rem Starts the native provider for the Pulumi engine, as pulumi-resource-cbr does elsewhere.
node --max-semi-space-size=1 "%~dp0dist\provider\pulumi\native\main.js" %*
