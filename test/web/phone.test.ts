/** A phone logs another screen in: two browser contexts, as two people's devices. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import t from 'tap';
import { launchBrowser, Person, startSystem } from './browser.js';
import { look } from './look.js';

t.setTimeout(120_000);

const JSQR = readFileSync(createRequire(import.meta.url).resolve('jsqr'), 'utf8');
const PHONE = { viewport: { width: 390, height: 800 }, isMobile: true, hasTouch: true };

const system = await startSystem();
const browser = await launchBrowser();
t.teardown(async () => {
  await browser.close();
  await system.stop();
});

/** The QR code on a page, as PNG in base64. */
async function pictureOf(page: Page): Promise<string> {
  return (await page.locator('mpin-pad .qr').screenshot()).toString('base64');
}

/** What a camera reads in a picture. */
async function decoded(png: string): Promise<string> {
  const page = await browser.newPage();
  await page.evaluate(JSQR);
  const text = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    pen?.drawImage(bitmap, 0, 0);
    const { data = new Uint8ClampedArray() } =
      pen?.getImageData(0, 0, bitmap.width, bitmap.height) ?? {};
    const { jsQR } = globalThis as unknown as {
      jsQR: (data: Uint8ClampedArray, width: number, height: number) => { data: string } | null;
    };
    return jsQR(data, bitmap.width, bitmap.height)?.data ?? '';
  }, png);
  await page.close();
  return text;
}

const phone = await Person.at(browser, `${system.url}/m/`, PHONE);

t.test('the page for phones registers an identity of its own', async (t) => {
  const registered = phone.page.waitForRequest(/rps\/user/);
  await phone.asksFor('ada@example.com');
  t.match((await registered).postDataJSON(), { mobile: 1 });
  await phone.setsPin('2468');
  await phone.click('Log in now');
  await phone.sees('code');
  await look(t, phone.page, '20-code');
});

t.test('an access number typed on the phone logs the other screen in', async (t) => {
  const desk = await Person.at(browser, system.url);
  await desk.sees('add');
  await desk.click('Log in with your phone');
  await desk.click('Number');
  await desk.page.getByText('Type this number').waitFor();
  const digits = (await desk.page.locator('mpin-pad output').textContent()) ?? '';
  t.match(digits, /^\d{7}$/);
  await look(t, desk.page, '21-phone-number');

  const wrong = `${digits.slice(0, -1)}${(Number(digits.at(-1)) + 1) % 10}`;
  await phone.page.getByLabel('Access number').fill(wrong);
  await phone.click('Continue');
  await phone.page.getByText('One of the digits is wrong').first().waitFor();
  await phone.page.getByLabel('Access number').fill(digits);
  await phone.click('Continue');
  await phone.logsIn('1111');
  await phone.page.getByText('Wrong PIN. 2 tries left.').first().waitFor();
  await phone.logsIn('2468');
  await desk.sees('done');
  await desk.page.getByText('Logged in as ada@example.com').waitFor();
  await phone.sees('approved');
  await look(t, phone.page, '22-approved');
  t.same(desk.faults, []);
  await desk.leaves();
});

t.test('the phone can end that session', async (t) => {
  const ended = phone.page.waitForRequest('**/logout');
  await phone.click('Log out there');
  t.match((await ended).postDataJSON(), { logoutToken: /^[0-9a-f]{64}$/ });
  await phone.page.getByText('The other screen is logged out.').first().waitFor();
  await phone.click('Log in another screen');
  await phone.sees('code');
});

t.test('a QR code opens the phone’s page, and the other screen follows what it does', async (t) => {
  const desk = await Person.at(browser, system.url);
  await desk.sees('add');
  await desk.click('Log in with your phone');
  await desk.page.getByText('Point your phone’s camera').waitFor();
  await desk.page.getByText('Waiting for your phone').first().waitFor();
  await look(t, desk.page, '23-phone-qr');
  const url = await decoded(await pictureOf(desk.page));
  t.match(url, new RegExp(`^${system.url}/?#[0-9a-f]{32}$`));

  await phone.page.goto(url);
  await phone.sees('login');
  t.equal(new URL(phone.page.url()).pathname, '/m/');
  t.equal(new URL(phone.page.url()).hash, '', 'a reload does not use the code again');
  await desk.page.getByText('ada@example.com: enter the PIN there.').first().waitFor();
  await look(t, desk.page, '24-phone-user');
  await phone.logsIn('2468');
  await desk.sees('done');
  await phone.sees('approved');
  await desk.page.getByRole('link', { name: 'Go to your page' }).click();
  t.match(await desk.page.textContent('body'), 'ada@example.com');
  await phone.click('Log out there');
  await desk.page.waitForURL(`${system.url}/`);
  await desk.sees('add');
  await desk.leaves();
});

t.test('the phone’s own camera reads the code, also where only the library can', async (t) => {
  const desk = await Person.at(browser, system.url);
  await desk.sees('add');
  await desk.click('Log in with your phone');
  await desk.page.getByText('Waiting for your phone').first().waitFor();
  const png = await pictureOf(desk.page);
  await phone.click('Log in another screen');
  await phone.page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [480, 480];
    const pen = canvas.getContext('2d');
    setInterval(() => pen?.drawImage(bitmap, 90, 90, 300, 300), 50);
    navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(20);
    Reflect.deleteProperty(globalThis, 'BarcodeDetector');
  }, png);
  // Where the code is seen at once, the screen that looks for it is gone as soon.
  await phone.click('Scan the QR code');
  await phone.logsIn('2468');
  await desk.sees('done');
  await phone.sees('approved');
  t.same(phone.faults, []);
  await desk.leaves();
});

t.test('without a camera the number is left; a code that is gone is told so', async (t) => {
  await phone.click('Log in another screen');
  await phone.page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('denied'));
  });
  await phone.click('Scan the QR code');
  await phone.page.getByText('The camera cannot be used here').first().waitFor();
  await phone.page.goto(`${system.url}/m/#${'ab'.repeat(16)}`);
  await phone.logsIn('2468');
  await phone.sees('code');
  t.match(await phone.message(), 'wrong or has expired');
});

t.test('a code that nobody used runs out, and a new one is offered', async () => {
  const desk = await Person.at(browser, system.url);
  await desk.page.route('**/rps/getQrUrl', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ json: { ...(await answer.json()), ttlSeconds: 1 } });
  });
  await desk.sees('add');
  await desk.click('Log in with your phone');
  await desk.page.getByText('This code has expired.').first().waitFor();
  await desk.page.unrouteAll();
  await desk.click('Get a new code');
  await desk.page.getByText('Waiting for your phone').first().waitFor();
  await desk.click('Log in here instead');
  await desk.sees('add');
  await desk.leaves();
});

t.test('the phone’s page opens without a network, and goes on when it is back', async () => {
  await phone.page.evaluate(() => navigator.serviceWorker.ready);
  const context = phone.page.context();
  await context.setOffline(true);
  await phone.page.goto(`${system.url}/m/`);
  await phone.sees('offline');
  await context.setOffline(false);
  await phone.sees('code');
});
