"""A network for a test alone."""
import subprocess


def own_network():
    """What to put in front of a command for a network namespace with nothing but loopback; [] where none can be made."""
    for unshare in (['unshare', '-n'], ['unshare', '-r', '-n']):
        prefix = unshare + ['--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
        try:
            if subprocess.run(prefix + ['true'], capture_output=True).returncode == 0:
                return prefix
        except OSError:
            pass
    return []
