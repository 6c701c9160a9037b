// chromium.ts - a page in headless Chromium, driven over its debugging pipe, with real input; notes whatever goes wrong in it.
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import type { Duplex } from 'stream';
import { pathToFileURL } from 'url';
import { CLEAN_ENV, hasProgram, makeTemporary, sleep } from './rig.ts';

// The protocol: https://chromedevtools.github.io/devtools-protocol/. Messages are JSON, each ended by a NUL:
// commands go to file descriptor 3 of the browser, answers and events come from its descriptor 4. A browser
// whose pipe closes ends, so that none outlives a test that was killed.

/** For a test's "skip". */
export const NO_CHROMIUM = hasProgram('chromium') ? false : 'no chromium';

const ANSWER_MS = 60000;
const WAIT_MS = 60000;
const LOOK_MS = 20;
const FLAGS = ['--headless=new', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--no-first-run', '--no-default-browser-check', '--disable-extensions',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-dev-shm-usage', '--hide-scrollbars',
  '--password-store=basic', '--use-mock-keychain', '--force-color-profile=srgb', '--font-render-hinting=none', '--lang=en-US'];

/** What a message holds is known by its method's name alone. */
type Fields = { [name: string]: any };
type Waiting = { method: string; resolve: (result: Fields) => void; reject: (error: Error) => void; timer: NodeJS.Timeout };
type Listener = (method: string, params: Fields) => void;

/** One name of a key for press(); modifiers stand before it: 'Shift+Tab'. */
const KEYS: { [name: string]: { code: string; number: number; text?: string } } = {
  Tab: { code: 'Tab', number: 9 }, Enter: { code: 'Enter', number: 13, text: '\r' }, Escape: { code: 'Escape', number: 27 }, Space: { code: 'Space', number: 32, text: ' ' },
  Backspace: { code: 'Backspace', number: 8 }, Delete: { code: 'Delete', number: 46 }, Home: { code: 'Home', number: 36 }, End: { code: 'End', number: 35 },
  PageUp: { code: 'PageUp', number: 33 }, PageDown: { code: 'PageDown', number: 34 }, ArrowLeft: { code: 'ArrowLeft', number: 37 }, ArrowUp: { code: 'ArrowUp', number: 38 },
  ArrowRight: { code: 'ArrowRight', number: 39 }, ArrowDown: { code: 'ArrowDown', number: 40 },
};
const MODIFIERS: { [name: string]: number } = { Alt: 1, Control: 2, Meta: 4, Shift: 8 };

/** A browser of its own, with a profile of its own in a temporary folder. */
export class Chromium {
  private readonly child: childProcess.ChildProcess;
  private readonly toBrowser: Duplex;
  private readonly ended: Promise<void>;
  private readonly waiting = new Map<number, Waiting>();
  private readonly listeners = new Map<string, Listener>();
  private readonly home: string;
  private count = 0;
  private said = '';

  constructor() {
    this.home = makeTemporary();
    this.child = childProcess.spawn('chromium', FLAGS.concat('--user-data-dir=' + path.join(this.home, 'profile'), 'about:blank'), {
      cwd: this.home, env: { ...CLEAN_ENV, HOME: this.home, TMPDIR: this.home }, stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.toBrowser = this.child.stdio[3] as Duplex;
    this.toBrowser.on('error', () => undefined);
    this.child.stderr?.on('data', (data: Buffer) => { this.said = (this.said + data.toString('latin1')).slice(-2000); });
    this.ended = new Promise((resolve) => this.child.on('close', () => {
      for (const one of this.waiting.values()) this.refuse(one, 'Chromium ended: ' + this.said);
      this.waiting.clear();
      resolve();
    }));
    this.listen(this.child.stdio[4] as Duplex);
  }

  private listen(fromBrowser: Duplex): void {
    let parts: Buffer[] = [];
    fromBrowser.on('error', () => undefined);
    fromBrowser.on('data', (data: Buffer) => {
      let start = 0;
      for (let end = data.indexOf(0); end >= 0; end = data.indexOf(0, start)) {
        parts.push(data.subarray(start, end));
        this.receive(JSON.parse(Buffer.concat(parts).toString('utf8')) as Fields);
        parts = [];
        start = end + 1;
      }
      parts.push(data.subarray(start));
    });
  }

  private receive(message: Fields): void {
    const one = this.waiting.get(message.id as number);
    if (one === undefined) {
      if (message.sessionId !== undefined) this.listeners.get(message.sessionId as string)?.(message.method as string, message.params as Fields);
      return;
    }
    this.waiting.delete(message.id as number);
    if (message.error !== undefined) this.refuse(one, JSON.stringify(message.error));
    else {
      clearTimeout(one.timer);
      one.resolve(message.result as Fields);
    }
  }

  private refuse(one: Waiting, why: string): void {
    clearTimeout(one.timer);
    one.reject(new Error(one.method + ': ' + why));
  }

  /** One command of the protocol; rejects when it is refused, or when no answer comes within a minute. */
  send(method: string, params: Fields = {}, sessionId?: string): Promise<Fields> {
    this.count += 1;
    const id = this.count;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error(method + ': no answer from Chromium: ' + this.said));
      }, ANSWER_MS);
      this.waiting.set(id, { method, resolve, reject, timer });
      this.toBrowser.write(JSON.stringify({ id, method, params, sessionId }) + '\0');
    });
  }

  /** An empty page; open() gives it a file. Without scripts none of the page's own runs; evaluate() works all the same. */
  async makePage(options: { width?: number; height?: number; isPhone?: boolean; noScripts?: boolean } = {}): Promise<ChromiumPage> {
    const target = await this.send('Target.createTarget', { url: 'about:blank' });
    const attached = await this.send('Target.attachToTarget', { targetId: target.targetId, flatten: true });
    const page = new ChromiumPage(this, attached.sessionId as string, target.targetId as string);
    this.listeners.set(attached.sessionId as string, (method, params) => page.notice(method, params));
    for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Audits', 'DOM', 'Accessibility']) await page.send(domain + '.enable');
    await page.resize(options.width ?? 1280, options.height ?? 800, options.isPhone ?? false);
    if (options.noScripts === true) await page.send('Emulation.setScriptExecutionDisabled', { value: true });
    return page;
  }

  /** Ends the browser and waits until it is gone. */
  async close(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.send('Browser.close').catch(() => undefined);
      const kill = setTimeout(() => this.child.kill('SIGKILL'), 10000);
      await this.ended;
      clearTimeout(kill);
    }
  }
}

/** A browser for the length of one task; it is closed whatever happens. */
export async function withChromium<T>(task: (browser: Chromium) => Promise<T>): Promise<T> {
  const browser = new Chromium();
  try {
    return await task(browser);
  } finally {
    await browser.close();
  }
}

/** What a page looks like to a screen reader: one element. */
export type Heard = { role: string; name: string; description: string; value: string; properties: Fields };

export class ChromiumPage {
  /** URLs that the page asked for, its own first. */
  readonly requests: string[] = [];
  /** Whatever was said on the console, thrown, refused by the page's policy or asked of the network: empty when all is well. */
  readonly faults: string[] = [];
  private readonly browser: Chromium;
  private readonly session: string;
  private readonly target: string;
  private readonly asked = new Map<string, string>();
  private loads = 0;

  constructor(browser: Chromium, session: string, target: string) {
    this.browser = browser;
    this.session = session;
    this.target = target;
  }

  send(method: string, params: Fields = {}): Promise<Fields> {
    return this.browser.send(method, params, this.session);
  }

  /** Takes an event of the browser. */
  notice(method: string, params: Fields): void {
    if (method === 'Page.loadEventFired') this.loads += 1;
    else if (method === 'Network.requestWillBeSent') this.noticeRequest(params.request.url as string, params.requestId as string);
    else if (method === 'Network.webSocketCreated') this.noticeRequest(params.url as string, params.requestId as string);
    else if (method === 'Network.loadingFailed' && params.blockedReason === 'csp') this.forgetRequest(params.requestId as string);
    else if (method === 'Runtime.consoleAPICalled') {
      const words = (params.args as Fields[]).map((one) => String(one.value ?? one.description ?? one.type));
      this.faults.push('console.' + String(params.type) + ': ' + words.join(' '));
    } else if (method === 'Page.javascriptDialogOpening') {
      this.faults.push('dialog: ' + String(params.message));
      this.send('Page.handleJavaScriptDialog', { accept: false }).catch(() => undefined);
    } else if (method === 'Runtime.exceptionThrown') {
      this.faults.push('thrown: ' + String(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text));
    } else if (method === 'Log.entryAdded' && params.entry.level !== 'verbose') {
      this.faults.push(String(params.entry.source) + ': ' + String(params.entry.text));
    } else if (method === 'Audits.issueAdded' && params.issue.code === 'ContentSecurityPolicyIssue') {
      this.faults.push('policy: ' + JSON.stringify(params.issue.details.contentSecurityPolicyIssueDetails));
    }
  }

  private noticeRequest(url: string, id: string): void {
    this.asked.set(id, url.slice(0, 500));
    this.requests.push(url.slice(0, 500));
    if (!/^(file|data|blob|about):/.test(url)) this.faults.push('request: ' + url.slice(0, 500));
  }

  /** One that the page's policy refuses was told of, but never sent; the refusal is a fault of its own. */
  private forgetRequest(id: string): void {
    const url = this.asked.get(id);
    if (url === undefined) return;
    for (const [list, text] of [[this.requests, url], [this.faults, 'request: ' + url]] as [string[], string][]) if (list.indexOf(text) >= 0) list.splice(list.indexOf(text), 1);
  }

  /** Opens a file by its name, with '#...' or '?...' as the rest, and waits for its load event. Gives the ms from asking to that. */
  async open(file: string, rest = ''): Promise<number> {
    const before = this.loads;
    const startedMs = Date.now();
    const done = await this.send('Page.navigate', { url: pathToFileURL(file).href + rest });
    assert.equal(done.errorText, undefined, file);
    // To another place of the same page: there is no load.
    if (done.loaderId !== undefined) await this.waitForLoad(before);
    return Date.now() - startedMs;
  }

  async reload(): Promise<void> {
    const before = this.loads;
    await this.send('Page.reload');
    await this.waitForLoad(before);
  }

  private async waitForLoad(before: number): Promise<void> {
    for (const endMs = Date.now() + WAIT_MS; this.loads === before; await sleep(2)) assert.ok(Date.now() < endMs, 'the page does not load');
  }

  /** Value of an expression in the page (a promise is waited for), as JSON can tell it; rejects if it throws. */
  async evaluate(expression: string): Promise<any> {
    const done = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, userGesture: true });
    if (done.exceptionDetails !== undefined) throw new Error(expression + ': ' + String(done.exceptionDetails.exception?.description ?? done.exceptionDetails.text));
    return done.result.value;
  }

  /** Waits until an expression is true. */
  async waitFor(expression: string): Promise<void> {
    for (const endMs = Date.now() + WAIT_MS; await this.evaluate('Boolean(' + expression + ')') !== true; await sleep(LOOK_MS)) {
      assert.ok(Date.now() < endMs, 'waited in vain: ' + expression);
    }
  }

  /** Text that is shown of the first element that a selector finds. */
  async textOf(selector: string): Promise<string> {
    return await this.evaluate('(document.querySelector(' + JSON.stringify(selector) + ') || { innerText: "(no such element)" }).innerText') as string;
  }

  async countOf(selector: string): Promise<number> {
    return await this.evaluate('document.querySelectorAll(' + JSON.stringify(selector) + ').length') as number;
  }

  /** Middle of an element, scrolled into view; a person must be able to hit it: nothing may cover it. */
  async placeOf(selector: string): Promise<{ x: number; y: number }> {
    const place = await this.evaluate('(() => { const e = document.querySelector(' + JSON.stringify(selector) + '); if (!e) return "missing";'
      + 'e.scrollIntoView({ block: "center", inline: "center", behavior: "instant" }); const b = e.getBoundingClientRect(); const x = b.x + b.width / 2, y = b.y + b.height / 2;'
      + 'if (b.width === 0 || b.height === 0) return "hidden"; const hit = document.elementFromPoint(x, y);'
      + 'return hit !== null && (e === hit || e.contains(hit) || hit.contains(e)) ? { x, y } : "covered by " + (hit === null ? "nothing" : hit.outerHTML.slice(0, 200)); })()') as { x: number; y: number } | string;
    if (typeof place === 'string') throw new Error(selector + ' is ' + place);
    return place;
  }

  /** Moves the mouse there; with a button held when `isHeld`. */
  async moveTo(x: number, y: number, isHeld = false): Promise<void> {
    await this.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y, button: isHeld ? 'left' : 'none', buttons: isHeld ? 1 : 0 });
  }

  async hover(selector: string): Promise<void> {
    const { x, y } = await this.placeOf(selector);
    await this.moveTo(x, y);
  }

  async clickAt(x: number, y: number, modifiers = 0): Promise<void> {
    await this.moveTo(x, y);
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons: type === 'mousePressed' ? 1 : 0, clickCount: 1, modifiers });
    }
  }

  async click(selector: string, modifiers = 0): Promise<void> {
    const { x, y } = await this.placeOf(selector);
    await this.clickAt(x, y, modifiers);
  }

  /** Presses the left button at one point and lets it go at another. */
  async drag(fromX: number, fromY: number, toX: number, toY: number): Promise<void> {
    await this.moveTo(fromX, fromY);
    await this.send('Input.dispatchMouseEvent', { type: 'mousePressed', x: fromX, y: fromY, button: 'left', buttons: 1, clickCount: 1 });
    for (let i = 1; i <= 5; i++) await this.moveTo(fromX + ((toX - fromX) * i) / 5, fromY + ((toY - fromY) * i) / 5, true);
    await this.send('Input.dispatchMouseEvent', { type: 'mouseReleased', x: toX, y: toY, button: 'left', buttons: 0, clickCount: 1 });
  }

  async wheel(x: number, y: number, deltaY: number): Promise<void> {
    await this.send('Input.dispatchMouseEvent', { type: 'mouseWheel', x, y, deltaX: 0, deltaY });
  }

  /** Presses and lets go a key: a name of KEYS or one character, after its modifiers: 'Shift+Tab', 'a'. */
  async press(key: string): Promise<void> {
    const parts = key.split(/\+(?=.)/);
    const name = parts[parts.length - 1];
    const modifiers = parts.slice(0, -1).reduce((sum, one) => sum + MODIFIERS[one], 0);
    const known = KEYS[name];
    if (known === undefined && Array.from(name).length !== 1) throw new Error('no key "' + name + '"');
    const text = (modifiers & ~MODIFIERS.Shift) !== 0 ? undefined : known === undefined ? name : known.text;
    const fields = {
      key: known === undefined ? name : name === 'Space' ? ' ' : name, code: known === undefined ? '' : known.code,
      // The codes of other characters are those of keys that do something: 46 is Delete.
      windowsVirtualKeyCode: known !== undefined ? known.number : /^[a-z0-9]$/i.test(name) ? name.toUpperCase().charCodeAt(0) : 0, modifiers,
    };
    await this.send('Input.dispatchKeyEvent', { type: text === undefined ? 'rawKeyDown' : 'keyDown', text, ...fields });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...fields });
  }

  async type(text: string): Promise<void> {
    for (const letter of Array.from(text)) await this.press(letter);
  }

  async resize(width: number, height: number, isPhone = false): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: isPhone ? 2 : 1, mobile: isPhone });
    await this.send('Emulation.setTouchEmulationEnabled', { enabled: isPhone });
  }

  async emulate(what: { isDark?: boolean; isPrint?: boolean; isCalm?: boolean; isContrasty?: boolean }): Promise<void> {
    await this.send('Emulation.setEmulatedMedia', {
      media: what.isPrint === true ? 'print' : '',
      features: [{ name: 'prefers-color-scheme', value: what.isDark === true ? 'dark' : 'light' }, { name: 'prefers-reduced-motion', value: what.isCalm === true ? 'reduce' : '' },
        { name: 'prefers-contrast', value: what.isContrasty === true ? 'more' : '' }],
    });
  }

  /** A PNG of what is seen, or of the whole page. */
  async photograph(file: string, isWhole = false): Promise<void> {
    let clip: Fields | undefined;
    if (isWhole) {
      const size = (await this.send('Page.getLayoutMetrics')).cssContentSize as Fields;
      clip = { x: 0, y: 0, width: size.width, height: Math.min(size.height as number, 16000), scale: 1 };
    }
    const done = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: isWhole, clip });
    fs.writeFileSync(file, Buffer.from(done.data as string, 'base64'));
  }

  /** The page as it is printed, a PDF. */
  async print(file: string): Promise<void> {
    const done = await this.send('Page.printToPDF', { printBackground: false, preferCSSPageSize: true });
    fs.writeFileSync(file, Buffer.from(done.data as string, 'base64'));
  }

  /** What a screen reader is told, in its order; ignored elements are left out. */
  async listen(): Promise<Heard[]> {
    const { nodes } = await this.send('Accessibility.getFullAXTree');
    const kept = (nodes as Fields[]).filter((node) => node.ignored !== true);
    return kept.map((node) => {
      const properties: Fields = {};
      for (const one of (node.properties ?? []) as Fields[]) properties[one.name as string] = one.value.value;
      return {
        role: String(node.role?.value ?? ''), name: String(node.name?.value ?? ''), description: String(node.description?.value ?? ''),
        value: String(node.value?.value ?? ''), properties,
      };
    });
  }

  async close(): Promise<void> {
    await this.browser.send('Target.closeTarget', { targetId: this.target });
  }
}
