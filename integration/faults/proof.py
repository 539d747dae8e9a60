"""That the fault of a seed is one: shown with plain Ninja, by what goes wrong. The twin must not show it.

  stale FILE, output OUT      FILE changed: what is built then is another OUT than what is built anew
  alone TARGET                built alone from nothing, it fails
  again                       the next build has work to do
  left FILE                   `ninja -t clean` leaves it
  left_outside FILE           it is there after the build
  source                      the sources are others after the build
  swap [A, B], output OUT     A then B makes another OUT than B then A
  differs OUT                 two builds from nothing make different ones
  fresh_fails                 what the second build starts from cannot be built from nothing
"""
import os


def _tree(place):
    """All below the source directory but the build directory."""
    found = {}
    for directory, names, files in os.walk(place.source):
        if directory == place.build:
            names.clear()
            continue
        for name in files:
            with open(os.path.join(directory, name), 'rb') as file:
                found[os.path.join(directory, name)] = file.read()
    return found


def _built(place, *targets):
    place.configure()
    return _made(place, *targets)


def _made(place, *targets):
    done = place.make(*targets)
    if done.returncode:
        raise RuntimeError('plain ninja ended with %d\n%s' % (done.returncode, done.stdout[-2000:]))
    return place


def _stale(place, proof):
    text = proof.get('text', 'changed\n')
    one, other = _built(place()), place()
    for each in (one, other):
        each.write(proof['stale'], text)
    _made(one)
    _built(other)
    return one.read(proof['output']) != other.read(proof['output'])


def _alone(place, proof):
    one = place()
    one.configure()
    return one.make(proof['alone']).returncode != 0


def _again(place, _):
    one = place()
    one.steps()
    return 'no work to do' not in one.must('ninja', '-n')


def _left(place, proof):
    one = _built(place())
    one.must('ninja', '-t', 'clean')
    return os.path.lexists(os.path.join(one.build, proof['left']))


def _left_outside(place, proof):
    one = _built(place())
    return os.path.exists(one.path(proof['left_outside']))


def _source(place, _):
    one = place()
    before = _tree(one)
    _built(one)
    return _tree(one) != before


def _swap(place, proof):
    first, second = proof['swap']
    one, other = _made(_built(place(), first), second), _made(_built(place(), second), first)
    return one.read(proof['output']) != other.read(proof['output'])


def _differs(place, proof):
    return _built(place()).read(proof['differs']) != _built(place()).read(proof['differs'])


def _fresh_fails(place, _):
    one = place()
    one.overlay()
    one.configure()
    return one.make().returncode != 0


_PROOFS = {'stale': _stale, 'alone': _alone, 'again': _again, 'left': _left, 'left_outside': _left_outside,
           'source': _source, 'swap': _swap, 'differs': _differs, 'fresh_fails': _fresh_fails}


def shows(place, proof):
    """Whether the fault shows. `place()` makes a new place of the project each time."""
    for name, prove in _PROOFS.items():
        if name in proof:
            return prove(place, proof)
    raise RuntimeError('no such proof: %s' % proof)
