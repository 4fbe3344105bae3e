"""The devices and processes of a run: the mesh, the step on all devices, how processes agree and stop together."""
