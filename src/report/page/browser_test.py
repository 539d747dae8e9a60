#!/usr/bin/python3
"""The page of `glovebox verify --html` in a real browser, by its keyboard alone.

usage: browser_test.py CHROMIUM SAMPLE      (report_html_sample of the build directory)
"""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser  # noqa: E402

MOST_NODES = 5000
failures = []


def check(truth, text):
    if not truth:
        failures.append(text)
        print('FAIL: ' + text)


def same(got, wanted, text):
    check(got == wanted, f'{text}: {got!r}, not {wanted!r}')


class Samples:
    def __init__(self, program, work, browser):
        self.program, self.work, self.browser = program, work, browser

    def open(self, kind, fragment=''):
        path = os.path.join(self.work, kind + '.html')
        if not os.path.exists(path):
            with open(path, 'wb') as file:
                subprocess.run([self.program, kind], stdout=file, check=True)
        return self.browser.open('file://' + path + fragment)


# What it is that has the focus: its id, else its role and its label or text.
FOCUS = '''(() => { const at = document.activeElement;
  return at.id || (at.getAttribute('role') || at.tagName) + ' ' + (at.getAttribute('aria-label') || at.textContent); })()'''
MATCHES = "document.getElementById('matches').textContent"
SELECTED = "document.querySelector('section:not([hidden]) .row[aria-selected=true] .first').lastChild.textContent"
HEADING = "document.querySelector('section:not([hidden]) .detail h2').textContent"


def search(page, text):
    page.press('/')
    page.type(text)
    page.press('Enter')


def overview(samples):
    page = samples.open('small')
    text = page.value("document.getElementById('view-overview').innerText")
    for part in ('3 of 20 edges violated', '3 violated', '1 incomplete', '16 proved', '3 findings: 2 errors, 1 warning',
                 'undeclared-input', 'gen/config.h is read', '1 edge: it did not run', 'ninja -j2', '36 actions'):
        check(part in text, f'the overview does not say "{part}"')
    check(text.index('3 of 20') < text.index('undeclared-input') < text.index('ninja -j2'), 'the most important is not first')


def baseline(samples):
    page = samples.open('known')
    text = page.value("document.getElementById('view-overview').innerText")
    check('Baseline: 1 known, 2 new, 1 gone' in text, f'the overview does not tell of the baseline: {text[:300]}')
    page.value("[...document.querySelectorAll('#view-overview button')].find(it => it.textContent === '2 new').click()")
    same(page.value(MATCHES), '2 of 3 findings', 'what is new')
    page.press('Escape')
    search(page, 'baseline:known')
    same(page.value(MATCHES), '1 of 3 findings', 'what is known')
    check('known' in page.value("document.querySelector('section:not([hidden]) .detail .chips').innerText"), 'it is not marked')


def searching(samples):
    page = samples.open('small')
    page.press('/')
    same(page.value(FOCUS), 'search', '/ goes to')
    page.type('config.H')
    page.press('Enter')
    same(page.value(FOCUS), 'findings-list', 'Enter in the search goes to')
    same(page.value(MATCHES), '1 of 3 findings', 'a search for a file')
    same(page.value(HEADING), 'gen/config.h is read, and nothing says that it is needed here', 'what is found')
    page.press('Escape')
    same(page.value(MATCHES), '3 findings', 'after Esc in the list')
    search(page, 'gen.rc table')
    same(page.value(MATCHES), '1 of 3 findings', 'two words, both in one finding')
    search(page, ' nowhere')
    same(page.value(MATCHES), '0 of 3 findings', 'a search in vain')
    check('Nothing here' in page.value("document.getElementById('findings-list').textContent"), 'an empty list says nothing')
    page.press('/', 'Escape')
    same(page.value("document.getElementById('search').value"), '', 'the search after Esc')
    page.press('Escape', '3')
    search(page, 'core.dir')
    same(page.value(MATCHES), '9 of 20 edges', 'the same search box on edges')


def lists(samples):
    page = samples.open('small')
    page.press('2')
    same(page.value(FOCUS), 'tab-findings', '2 goes to')
    page.press('ArrowRight')
    same(page.value(FOCUS), 'tab-edges', 'an arrow on the tabs goes to')
    page.press('ArrowLeft')
    seen = []
    for _ in range(40):
        page.press('Tab')
        seen.append(page.value(FOCUS))
        outline = page.value("getComputedStyle(document.activeElement).outlineStyle")
        check(outline != 'none' or 'node' in page.value("document.activeElement.getAttribute('class') || ''"),
              f'the focus on {seen[-1]} cannot be seen')
        if seen[-1].startswith('link ') and 'main.c.o' in seen[-1]:
            break
    for stop in ('search', 'help-button', 'filter-rule', 'findings-list'):
        check(stop in seen, f'Tab never comes to {stop}: {seen}')
    check(seen[-1].startswith('link CMakeFiles/app.dir/app/main.c.o'), f'Tab never comes to the graph: {seen}')
    order = [seen.index(stop) for stop in ('search', 'filter-rule', 'findings-list')]
    same(order, sorted(order), 'the order of Tab')

    page.value("document.getElementById('findings-list').focus()")
    page.press('ArrowDown', 'ArrowDown')
    same(page.value(SELECTED), 'inet:151.101.2.132:443 is connected to, which the policy does not allow', 'after two arrows')
    same(page.value("document.activeElement.getAttribute('aria-activedescendant')"), 'findings-list-2', 'the active row')
    page.press('ArrowDown')
    same(page.value(HEADING), page.value(SELECTED), 'past the end')
    page.press('Home', 'Enter')
    same(page.value(FOCUS), 'H2 gen/config.h is read, and nothing says that it is needed here', 'Enter in the list goes to')
    text = page.value("document.getElementById('findings-detail').innerText")
    for part in ('app/CMakeLists.txt:3 add_executable', '/usr/bin/cc1', 'openat, there, 3 times', 'a change of that file does not rebuild',
                 'OBJECT_DEPENDS', 'glovebox explain a9274e8ccbeb', '#28'):
        check(part in text, f'a finding does not say "{part}"')
    page.press('Escape')
    same(page.value(FOCUS), 'findings-list', 'Esc goes back to')
    page.press('?')
    check(page.value("document.getElementById('help').open"), '? shows no help')
    page.press('Escape')
    check(not page.value("document.getElementById('help').open"), 'Esc does not close the help')


def filters(samples):
    page = samples.open('small')
    page.press('3')
    page.value("document.querySelector('#filter-verdict [data-value=violated]').focus()")
    page.press(' ')
    same(page.value(MATCHES), '3 of 20 edges', 'the filter for violated')
    same(page.value("document.activeElement.getAttribute('aria-pressed')"), 'true', 'the button')
    page.value("document.querySelector('#filter-verdict [data-value=incomplete]').focus()")
    page.press(' ')
    same(page.value(MATCHES), '4 of 20 edges', 'with incomplete as well')
    page.value("document.querySelector('#filter-severity [data-value=warning]').focus()")
    page.press(' ')
    same(page.value(MATCHES), '1 of 20 edges', 'those with a warning')
    same(page.value(HEADING), 'version.txt', 'which is')
    page.press('2')
    same(page.value(MATCHES), '1 of 3 findings', 'the same filter on findings')
    page.value("document.getElementById('filter-clear').focus()")
    page.press('Enter')
    same(page.value(MATCHES), '3 findings', 'after Show all')
    page.value("document.getElementById('filter-rule').focus()")
    page.press('o')
    same(page.value(MATCHES), '1 of 3 findings', 'one rule')
    same(page.value(HEADING), '/home/u/.gen.rc is read, which the policy does not allow', 'which is')
    page.value("document.getElementById('findings-list').focus()")
    page.press('3')
    same(page.value(HEADING), 'gen/table.h', 'the edge that broke it')


def graph(samples):
    page = samples.open('small', '#finding=a9274e8ccbeb')
    names = page.value('''[...document.querySelectorAll('#findings-detail .node')].map(node =>
        node.getAttribute('class') + ': ' + node.getAttribute('aria-label')).sort()''')
    same(names, ['node focus reader: CMakeFiles/app.dir/app/main.c.o, C_COMPILER__app, violated, reads it',
                 'node producer: gen/config.h, CUSTOM_COMMAND, proved, makes it',
                 'node: app, C_EXECUTABLE_LINKER__app, proved', 'node: version.txt, CUSTOM_COMMAND, violated'], 'the graph of a finding')
    same(page.value("document.querySelectorAll('#findings-detail .graph path.fault[marker-end]').length"), 1, 'what is not declared')
    same(page.value("document.querySelectorAll('#findings-detail .graph path:not(.fault)[marker-end]').length"), 2, 'what is declared')
    check('Nothing declares that' in page.value("document.querySelector('.graph-words').textContent"), 'no words to the picture')
    boxes = page.value('''[...document.querySelectorAll('#findings-detail .node rect')].map(node => node.getBoundingClientRect())
        .map(box => [box.left, box.top, box.right, box.bottom])''')
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            check(a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3], f'two nodes lie on each other: {a} {b}')
    page.value("document.querySelector('#findings-detail .node.focus').focus()")
    page.press('ArrowRight')
    check(page.value(FOCUS).startswith('link app, '), 'an arrow in the graph goes to ' + page.value(FOCUS))
    page.press('Enter')
    same(page.value(HEADING), 'app', 'Enter on a node opens')
    same(page.value('location.hash'), '#edge=app', 'the address of an edge')
    same(page.value("document.querySelectorAll('#edges-detail .node').length"), 8, "a program's neighbours")
    page.value('history.back()')
    page.wait("location.hash.startsWith('#finding')")
    page.settle()
    same(page.value(HEADING), 'gen/config.h is read, and nothing says that it is needed here', 'the way back leads to')

    page = samples.open('small', '#edge=gen%2Ftable.h')
    same(page.value("document.querySelectorAll('#edges-detail .node').length"), 11, 'the edge, a file, eight of nine and "1 more"')
    page.value("document.querySelector('#edges-detail [data-key=more-after]').focus()")
    page.press('Enter')
    same(page.value("document.querySelectorAll('#edges-detail .node').length"), 11, 'with the ninth')
    check(not page.value("document.querySelector('#edges-detail [data-key=more-after]')"), '"1 more" is still there')


# An edge with several findings is drawn with all of them.
def faults(samples):
    page = samples.open('small')
    page.value('''(() => { const extra = [['/etc/x.conf', 'outside-read'], ['/build/gen/table.c', 'undeclared-input'], ['/build/a.log', 'outside-write']];
        const edge = edgeOfOutput.get('/build/CMakeFiles/app.dir/app/main.c.o');
        for (const [object, rule] of extra) {
          edge.findings.push(build.findings.length);
          build.findings.push({...build.findings[0], index: build.findings.length, object, rule});
        }
        go.edge(edge); })()''')
    page.settle()
    same(page.value('''[...document.querySelectorAll('#edges-detail .node .role')].map(node => node.textContent).sort()'''),
         ['makes gen/table.c', 'makes it', 'reads it, writes it'], 'what each has to do with it')
    same(page.value("document.querySelectorAll('#edges-detail .graph path.fault[marker-end]').length"), 4, 'faults that are drawn')
    check('/build/gen/table.h' not in page.value("document.querySelector('.graph-words').textContent"), 'a path is not shortened')


# What each rule says of who does what to the file.
def relations(samples):
    page = samples.open('small')
    page.value('''window.told = (rule, object) => {
        Object.assign(build.findings[0], {rule, object, edges: ['CMakeFiles/app.dir/app/main.c.o', 'gen/config.h'], result: 'there'});
        go.finding(build.findings[0]);
        const tags = [...document.querySelectorAll('#findings-detail .node .role')].map(node => node.textContent).sort();
        return [tags.join(' / '), document.querySelectorAll('#findings-detail path.fault[marker-end]').length]; }''')
    for rule, tags, faults in (
            ('missing-input', 'makes /x / reads it', 1), ('write-after-read', 'changes it / reads it', 2), ('double-write', 'writes it / writes it too', 2),
            ('foreign-removal', 'makes it / takes it away', 2), ('shadowing-write', 'looks for it / makes it', 2),
            ('undeclared-output', 'makes it / reads it', 2), ('redundant-input', 'does not read it / makes it', 0),
            ('missing-output', 'does not make it', 1)):
        same(page.value(f"told('{rule}', '/x')"), [tags, faults], 'the graph of ' + rule)
    silent(page)


# The maker is declared to come after the reader: the picture has a cycle, and comes to an end all the same.
def cycle(samples):
    page = samples.open('small')
    page.value("build.findings[0].object = '/build/app'; go.finding(build.findings[0])")
    page.settle()
    same(page.value("document.querySelectorAll('#findings-detail .graph path[marker-end]').length"), 3, 'links of a cycle')
    check('close a cycle' in page.value("document.querySelector('#findings-detail .graph-words').textContent"), 'a cycle is not told')


# Findings of tests have no edge, and one of the policy file has no action either.
def tests(samples):
    page = samples.open('tests')
    nodes = '''[...document.querySelectorAll('#findings-detail .node')].map(node => node.getAttribute('aria-label')).sort()'''
    page.press('2')
    same(page.value(nodes), ['/build/out.txt, file', 'reader_test, test, reads it', 'writer_test, test, makes it'], 'a test that reads')
    same(page.value("document.querySelectorAll('.graph path.fault[marker-end]').length"), 2, 'none of which is declared')
    page.value("document.getElementById('findings-list').focus()")
    page.press('ArrowDown')
    same(page.value(nodes), ['/build/out.txt, file', 'reader_test, test, writes it too', 'writer_test, test, writes it'], 'two that write')
    page.press('ArrowDown')
    same(page.value(nodes), ['writer_test, test'], 'what is about no file')
    page.press('ArrowDown')
    same(page.value(nodes), [], 'what nobody did')
    same(page.value(HEADING), ' is a matter of allowance-expired', 'which is told all the same')
    silent(page)


def links(samples):
    page = samples.open('small', '#finding=0123456789ab')
    same(page.value(HEADING), 'No finding of this build has the id 0123456789ab.', 'a link of another build')
    same(page.value("document.querySelectorAll('[aria-selected=true].row').length"), 0, 'and nothing is selected for it')
    page = samples.open('small', '#edge=no%2Fsuch')
    same(page.value(HEADING), 'No edge of this build makes no/such.', 'an edge of another build')
    # The browser itself would scroll to it.
    same(page.value('kViews.filter(view => document.getElementById(view))'), [], 'elements that have the name of a view')
    page = samples.open('small', '#%ff')
    check(page.value("!document.getElementById('view-overview').hidden"), 'an address that is none leads nowhere')
    page.value("[...document.querySelectorAll('#overview-unseen button')].find(b => b.textContent.includes('did not run')).click()")
    same(page.value(MATCHES), '1 of 20 edges', 'what is not known leads to')
    same(page.value(HEADING), 'docs/app.1', 'which is')
    silent(page)


PAINTED = '''(() => { const canvas = document.getElementById('timeline-canvas');
  const dots = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  return new Set(dots).size; })()'''


def timeline(samples):
    page = samples.open('small')
    page.press('4')
    check(page.value(PAINTED) > 5, 'nothing is painted')
    status = "document.getElementById('timeline-status').textContent"
    same(page.value(status), '36 actions in 109 ms, at most 4 at once', 'the timeline says')
    page.value("document.getElementById('timeline-canvas').focus()")
    check('#1 gen/table.h' in page.value(status), 'the focus is on ' + page.value(status))
    page.press('ArrowRight')
    check('#2 gen/table.h' in page.value(status) and 'took' in page.value(status), 'an arrow goes to ' + page.value(status))
    span = page.value('timeline.span')
    page.press('+', '+')
    check(abs(page.value('timeline.span') * 4 - span) < 2, '+ does not zoom in')
    page.press('End')
    at = page.value('timeline.actions[timeline.at]')
    check(page.value('timeline.from') <= at['begin'] <= page.value('timeline.from + timeline.span'), 'what is chosen is out of sight')
    page.press('0')
    same(page.value('timeline.span'), span, 'after 0')
    same(page.value("document.querySelectorAll('#timeline-slowest tr').length"), 10, 'what took longest')
    page.press('Home', 'ArrowDown')
    check('gen/config.h' in page.value(status), 'the one beside it is ' + page.value(status))
    page.press('Enter')
    same(page.value(HEADING), 'gen/config.h', 'Enter opens')
    page.press('4')
    search(page, 'core.dir')
    same(page.value('timeline.matching.size'), 9, 'what a search leaves bright')
    same(page.value(FOCUS), 'timeline-canvas', 'Enter in the search goes to')
    lanes = page.value('''timeline.actions.every(a => timeline.actions.every(b => a === b || a.depth || b.depth || a.lane !== b.lane ||
        a.end <= b.begin || b.end <= a.begin))''')
    check(lanes, 'two actions that ran at once are in one lane')


def hostile(samples):
    page = samples.open('hostile')
    for key in '1234':
        page.press(key)
        same(page.value("document.querySelectorAll('img, iframe, object, main script, [onerror], [onmouseover]').length"), 0,
             'elements that a name made')
    page.press('2')
    page.value("document.getElementById('findings-list').focus()")
    for _ in range(16):
        page.press('ArrowDown')
    text = page.value("document.getElementById('findings-list').innerText")
    for name in ('</script><img src=x onerror=alert(1)>', 'a\\nb\\tc\\\\d', 'bad \\xff\\xfe bytes \\x80', 'right\\xe2\\x80\\xaeto left',
                 '\\x1b[31mred\\x07', '{{data}} {{js}} ${x} %s', '&lt;b&gt;&amp;'):
        search(page, name.split()[0])
        text = page.value("document.getElementById('findings-list').innerText")
        check(name in text, f'{name} is not shown as it is')
    page.press('/', 'Escape', 'Escape', '3')
    for number in range(14):
        page.value(f'go.edge(build.edges[{number}])')
        page.settle()
        same(page.value(HEADING), page.value(f'build.edges[{number}].name'), 'the edge of an odd address')
        page.value('route(false)')
        same(page.value(HEADING), page.value(f'build.edges[{number}].name'), 'the odd address again')
    same(page.events('Page.javascriptDialogOpening'), [], 'alerts')
    silent(page)


# Nothing was asked of any network, and the page's policy never had to stop anything.
def silent(page):
    asked = [event['request']['url'].split('#')[0] for event in page.events('Network.requestWillBeSent')]
    same([url[:40] for url in asked if not url.startswith(('file://', 'data:'))], [], 'requests')
    check(len([url for url in asked if url.startswith('file://')]) <= 1, f'files that are read: {asked}')
    same(page.value('stopped'), [], 'what the policy stopped')
    same([event['entry']['text'] for event in page.events('Log.entryAdded')], [], 'the log')
    same([event['exceptionDetails'] for event in page.events('Runtime.exceptionThrown')], [], 'errors')


# That the checks above would see it.
def stopped(samples):
    page = samples.open('small')
    page.value("fetch('http://127.0.0.1:9/').catch(() => 0)")
    page.value("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))")
    page.wait('stopped.length >= 2')
    same(sorted(page.value('stopped')), ['connect-src http://127.0.0.1:9/', 'img-src http://127.0.0.1:9/x.png'], 'what is stopped')
    check(page.value("(() => { try { document.body.innerHTML = '<b>'; return false; } catch { return true; } })()"),
          'a text can become HTML')


def large(samples):
    page = samples.open('100000')
    most = page.nodes()
    for key in '1234':
        page.press(key)
        most = max(most, page.nodes())
    page.press('2')
    check(page.value("document.querySelector('#findings-list .row').ariaLabel").startswith('error'), 'errors are not first')
    page.press('3')
    same(page.value(MATCHES), '100,000 edges', 'all of them')
    page.value("document.getElementById('edges-list').focus()")
    page.press('End')
    same(page.value(SELECTED), 'lib/part999/libpart.a', 'the last one')
    most = max(most, page.nodes())
    page.press('PageUp', 'Home')
    same(page.value(SELECTED), 'lib/part000/file000000.cc.o', 'the first one')
    search(page, 'part123/')
    same(page.value(MATCHES), '100 of 100,000 edges', 'one directory')
    search(page, 'file012345')
    same(page.value(MATCHES), '1 of 100,000 edges', 'one edge')
    page.press('2')
    search(page, 'header00010.h')
    same(page.value(MATCHES), '100 of 10,000 findings', 'one header')
    page.value("go.edge(build.edges.find(edge => edge.name === 'lib/part500/libpart.a'))")
    page.settle()
    most = max(most, page.nodes())
    check(page.value("document.querySelectorAll('#edges-detail .node').length") < 40, 'a graph of hundreds')
    page.value("dispatchEvent(new Event('beforeprint'))")
    paper = page.value("document.querySelectorAll('#print article').length")
    check(1 <= paper <= 500, f'{paper} findings on paper')
    page.value("dispatchEvent(new Event('afterprint'))")
    check(most < MOST_NODES, f'{most} nodes')
    print(f'at most {most} nodes for 100,000 edges')
    silent(page)


# A list that is taller than browsers can count scrolls by a scale, and each row can still be reached.
def tallest(samples):
    page = samples.open('small')
    page.press('3')
    page.value('''(() => { const edge = build.edges[0];
        edges.list.show(Array.from({length: 400000}, (_, i) => ({...edge, name: 'n' + i})), ''); edges.list.box.focus(); })()''')
    for key, name in (('End', 'n399999'), ('ArrowUp', 'n399998'), ('Home', 'n0'), ('PageDown', None)):
        page.press(key)
        name = name or page.value('edges.list.current().name')
        same(page.value(SELECTED), name, key + ' in 400,000 rows')
        inside = page.value('''(() => { const row = document.querySelector('#edges-list .row[aria-selected=true]').getBoundingClientRect();
            const box = document.getElementById('edges-list').getBoundingClientRect();
            return row.top >= box.top - 1 && row.bottom <= box.bottom + 1; })()''')
        check(inside, f'{name} is out of sight')


def looks(samples):
    page = samples.open('small')
    grounds = []
    for dark in (False, True):
        page.window(1280, 800, dark)
        grounds.append(page.value("getComputedStyle(document.body).backgroundColor"))
    check(grounds[0] != grounds[1], f'dark and light are one: {grounds}')
    for width in (320, 600, 1280):
        page.window(width, 800)
        for key in '1234':
            page.press(key)
            check(page.value('document.documentElement.scrollWidth') <= width, f'view {key} is wider than {width}')
    page.call('Emulation.setEmulatedMedia', media='print')
    page.value("dispatchEvent(new Event('beforeprint'))")
    same(page.value("document.querySelectorAll('#print article').length"), 3, 'findings on paper')
    shown = page.value('''['.tabs', '#filters', '#view-findings', '#view-timeline', '#view-overview', '#print']
        .filter(at => getComputedStyle(document.querySelector(at)).display !== 'none')''')
    same(shown, ['#view-overview', '#print'], 'what is on paper')
    check(len(page.call('Page.printToPDF')['data']) > 1000, 'no paper')


def names(samples):
    page = samples.open('small')
    page.call('Accessibility.enable')
    for key in '1234':
        page.press(key)
        for node in page.call('Accessibility.getFullAXTree')['nodes']:
            focusable = any(p['name'] == 'focusable' and p['value']['value'] for p in node.get('properties', []))
            if not node['ignored'] and focusable and not node.get('name', {}).get('value'):
                check(False, f'view {key}: a {node["role"]["value"]} without a name')
    page.press('2')
    roles = [node['role']['value'] for node in page.call('Accessibility.getFullAXTree')['nodes'] if not node['ignored']]
    for role in ('tablist', 'tab', 'tabpanel', 'listbox', 'option', 'searchbox', 'status', 'heading', 'link'):
        check(role in roles, f'no {role}')


def empty(samples):
    page = samples.open('empty')
    check('not judged' in page.value("document.getElementById('view-overview').innerText"), 'nobody judged, and nothing says so')
    for key in '1234':
        page.press(key)
    silent(page)


def main():
    chromium, sample = sys.argv[1:]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work, Browser(chromium, work) as browser:
        samples = Samples(sample, work, browser)
        for test in (overview, baseline, searching, lists, filters, graph, faults, relations, cycle, tests, links, timeline, hostile, stopped, large, tallest, looks, names, empty):
            before = len(failures)
            try:
                test(samples)
            except (RuntimeError, ValueError, TypeError, KeyError) as error:
                check(False, f'{test.__name__}: {error}')
            print(f'{"ok  " if len(failures) == before else "FAIL"} {test.__name__}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
