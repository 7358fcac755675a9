"""Recipes: whole trainings, each in one file to be read in five minutes. `kernelwright train NAME` runs one."""
