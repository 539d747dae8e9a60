"""A Chromium without a window, driven over a pipe (--remote-debugging-pipe): no port is opened, nothing but Python is needed.

    with Browser('/usr/bin/chromium', work_directory) as browser:
        page = browser.open('file:///tmp/page.html')
        page.press('/')
        print(page.value('document.title'))
"""
import json
import os
import select
import subprocess
import time

# As a key of a keyboard: what `key` says, its code, and the text that it types.
KEYS = {
    'Enter': ('Enter', 13, '\r'), 'Escape': ('Escape', 27, ''), 'Tab': ('Tab', 9, ''), 'ArrowUp': ('ArrowUp', 38, ''),
    'ArrowDown': ('ArrowDown', 40, ''), 'ArrowLeft': ('ArrowLeft', 37, ''), 'ArrowRight': ('ArrowRight', 39, ''),
    'Home': ('Home', 36, ''), 'End': ('End', 35, ''), 'PageDown': ('PageDown', 34, ''), 'PageUp': ('PageUp', 33, ''),
}


class Browser:
    def __init__(self, program, work, timeout=120):
        self.timeout = timeout
        self.number = 0
        self.events = []
        self.buffer = b''
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()
        environment = dict(os.environ, HOME=work, XDG_CONFIG_HOME=work, XDG_CACHE_HOME=work, TMPDIR=work)
        environment.pop('DBUS_SESSION_BUS_ADDRESS', None)

        # The two ends stand where the browser looks for them. They may stand in each other's way first.
        def place():
            high_in, high_out = os.dup(to_browser), os.dup(from_browser)
            os.dup2(high_in, 3)
            os.dup2(high_out, 4)
        with open(os.path.join(work, 'browser.log'), 'wb') as log:
            self.process = subprocess.Popen(
                [program, '--headless', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                 '--user-data-dir=' + os.path.join(work, 'profile'), '--no-first-run', '--no-default-browser-check',
                 '--disable-background-networking', '--disable-component-update', '--disable-domain-reliability', '--disable-sync',
                 '--disable-default-apps', '--disable-extensions', '--disable-breakpad', '--metrics-recording-only', '--no-pings',
                 '--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND', '--force-device-scale-factor=1',
                 '--window-size=1280,800', 'about:blank'],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, preexec_fn=place, close_fds=False)
        os.close(to_browser)
        os.close(from_browser)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call('Browser.close')
            self.process.wait(20)
        except (OSError, RuntimeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.write_end)
        os.close(self.read_end)

    def message(self, until):
        while b'\0' not in self.buffer:
            ready, _, _ = select.select([self.read_end], [], [], max(0, until - time.monotonic()))
            if not ready:
                raise RuntimeError('the browser says nothing any more')
            got = os.read(self.read_end, 1 << 20)
            if not got:
                raise RuntimeError('the browser has ended')
            self.buffer += got
        text, _, self.buffer = self.buffer.partition(b'\0')
        return json.loads(text)

    def call(self, method, session=None, **parameters):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': parameters}
        if session:
            message['sessionId'] = session
        os.write(self.write_end, json.dumps(message).encode() + b'\0')
        until = time.monotonic() + self.timeout
        while True:
            answer = self.message(until)
            if answer.get('id') == self.number:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]["message"]}')
                return answer['result']
            if 'method' in answer:
                self.events.append(answer)

    def open(self, address):
        return Page(self, address)


class Page:
    def __init__(self, browser, address):
        self.browser = browser
        target = browser.call('Target.createTarget', url='about:blank')['targetId']
        self.session = browser.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Network', 'Log', 'Runtime'):
            self.call(domain + '.enable')
        # Before the page's own script: what its policy stops is remembered.
        self.call('Page.addScriptToEvaluateOnNewDocument', source='''
            window.stopped = [];
            document.addEventListener('securitypolicyviolation', event => stopped.push(event.violatedDirective + ' ' + event.blockedURI));
        ''')
        self.call('Page.navigate', url=address)
        self.wait("document.readyState === 'complete'")

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def value(self, expression):
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise RuntimeError(f'{expression}: {answer["exceptionDetails"].get("exception", {}).get("description")}')
        return answer['result'].get('value')

    def wait(self, expression):
        until = time.monotonic() + self.browser.timeout
        while not self.value(expression):
            if time.monotonic() > until:
                raise RuntimeError('never: ' + expression)
            time.sleep(0.03)

    # Twice the browser's next picture: what was put off to it is done.
    def settle(self):
        self.value('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))')

    def press(self, *keys):
        for key in keys:
            name, code, text = KEYS.get(key, (key, ord(key[0].upper()), key))
            parameters = {'key': name, 'windowsVirtualKeyCode': code}
            self.call('Input.dispatchKeyEvent', type='keyDown' if text else 'rawKeyDown', text=text, **parameters)
            self.call('Input.dispatchKeyEvent', type='keyUp', **parameters)
        self.settle()

    def type(self, text):
        for letter in text:
            self.call('Input.dispatchKeyEvent', type='char', text=letter)

    def window(self, width, height, dark=False):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])
        self.settle()

    # Base64 of a PNG.
    def picture(self):
        return self.call('Page.captureScreenshot', format='png')['data']

    def events(self, method):
        return [event['params'] for event in self.browser.events
                if event['method'] == method and event.get('sessionId') == self.session]

    def nodes(self):
        return self.value("document.querySelectorAll('*').length")
