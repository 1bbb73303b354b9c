/** Every screen: pictures for people to look at, accessibility, and that nothing jumps. */
import t from 'tap';
import { launchBrowser, Person, startSystem } from './browser.js';
import { faultsOf, heights, look } from './look.js';

t.setTimeout(120_000);

/** By default: otpExpireSeconds. */
const OTP_LIFE_MS = 60_000;

const system = await startSystem();
const browser = await launchBrowser();
t.teardown(async () => {
  await browser.close();
  await system.stop();
});

t.test('registration', async (t) => {
  const person = await Person.at(browser, system.url);
  const { page } = person;
  await person.sees('add');
  await look(t, page, '01-add');
  await person.click('Continue');
  await look(t, page, '02-add-invalid');
  await person.asksFor('grace@example.com');
  await person.sees('choose-pin');
  for (const digit of '1233') await page.getByRole('button', { name: digit, exact: true }).click();
  await person.click('Erase last digit');
  await look(t, page, '03-choose-pin');
  await person.click('4');
  await person.click('Next');
  await person.enterPin('9999', 'Set PIN');
  await look(t, page, '04-pin-mismatch');
  await person.setsPin('2468');
  await look(t, page, '05-pin-is-set');
  t.same(person.faults, []);
  await person.leaves();
});

t.test('confirmation of an e-mail address', async (t) => {
  const person = await Person.at(browser, system.url);
  const { page } = person;
  await page.route('**/rps/signature/**', (route) => route.fulfill({ status: 401, json: {} }));
  await person.asksFor('a.person.with.quite.a.long.name@subdomain.of.example.com');
  await person.sees('confirm');
  await person.click('I have confirmed');
  await page.getByText('Not confirmed yet').first().waitFor();
  await look(t, page, '06-confirm');
  await page.unroute('**/rps/signature/**');
  await page.route('**/rps/signature/**', (route) => route.fulfill({ status: 400, json: {} }));
  await person.click('I have confirmed');
  await person.sees('expired');
  await look(t, page, '07-expired');
  await person.leaves();
});

t.test('login', async (t) => {
  const person = await Person.at(browser, system.url);
  const { page } = person;
  await person.registers('hedy@example.com', '2468');
  await person.click('Log in now');
  await person.sees('login');
  await look(t, page, '08-login');
  await person.logsIn('1111');
  await page.getByText('Wrong PIN. 2 tries left.').first().waitFor();
  await look(t, page, '09-wrong-pin');
  await person.logsIn('2468');
  await person.sees('done');
  await look(t, page, '10-done');
  await page.locator('mpin-wire summary').last().click();
  t.same(await faultsOf(page, 'html'), [], 'the whole page, with the panel');
  await page.goto(`${system.url}/logout`);
  await person.click(/hedy@example.com/);
  await person.click('Add an identity');
  await person.registers('second.identity@example.com', '2468');
  await person.click(/second.identity/);
  await person.sees('identities');
  await look(t, page, '11-identities');
  await person.click(/^Remove hedy/);
  await person.sees('remove');
  await look(t, page, '12-remove');
  await person.click('Keep it');
  await person.click(/^hedy/);
  await page.route('**/mpinAuthenticate', (route) => route.fulfill({ status: 410, json: {} }));
  await person.logsIn('1111');
  await person.sees('locked');
  await look(t, page, '13-locked');
  await person.leaves();
});

t.test('trouble', async (t) => {
  const person = await Person.at(browser, system.url);
  const { page } = person;
  await person.registers('trouble@example.com', '2468');
  await page.route('**/rps/timePermit/**', (route) => route.fulfill({ status: 410, json: {} }));
  await person.click('Log in now');
  await person.logsIn('2468');
  await person.sees('problem');
  await look(t, page, '14-revoked');
  await page.context().setOffline(true);
  await person.click('Try again');
  await person.sees('offline');
  await look(t, page, '15-offline');
  await person.leaves();
});

t.test('a one-time password is good once, runs out, and another one can be had', async (t) => {
  const other = await system.another({ requestOTP: 'true', maxInvalidLoginAttempts: '5' }, {});
  const person = await Person.at(browser, other.url);
  const { page } = person;
  await page.clock.install();
  await person.registers('otp@example.com', '2468');
  await person.click('Log in now');
  await person.sees('login');
  const shown = page.locator('mpin-pad output');
  const ask = async (pin: string) => {
    await person.enterPin(pin, 'Get password');
    await person.sees('otp');
    t.match(await shown.textContent(), /^\d{6}$/);
    return `${await shown.textContent()}`;
  };
  const verify = async (OTP: string) => {
    const body = JSON.stringify({ userId: 'otp@example.com', OTP });
    return (await fetch(`${other.rps}/verifyOTP`, { method: 'POST', body })).status;
  };
  await person.enterPin('1111', 'Get password');
  await page.getByText('Wrong PIN. 4 tries left.').first().waitFor();
  const first = await ask('2468');
  await look(t, page, '16-otp');
  t.equal(await verify(first), 200);
  t.equal(await verify(first), 401);
  await page.clock.fastForward(OTP_LIFE_MS);
  await page.getByText('––––––').waitFor();
  await person.click('Get a new one');
  await person.sees('login');
  t.equal(await verify(await ask('2468')), 200);
  t.same(person.faults, []);
  await person.leaves();
});

t.test('a keyboard is enough, and what happens is said aloud', async (t) => {
  const person = await Person.at(browser, system.url);
  const { page } = person;
  const aloud = page.locator('mpin-pad [role="status"]');
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  await person.sees('add');
  await page.keyboard.type('keys@example.com');
  await press('Enter');
  await person.sees('choose-pin');
  await press('2', '4', '7', 'Backspace', '6', '8', 'Enter');
  t.equal(await aloud.textContent(), 'Repeat the PIN');
  await press('2', '4', '6', '8', 'Enter');
  await person.sees('pin-is-set');
  await press('Enter');
  await person.sees('login');
  await press('x', '1', '1', '1', '1', '1', 'Enter');
  await page.getByText('Wrong PIN. 2 tries left.').first().waitFor();
  t.equal(await aloud.textContent(), 'Wrong PIN. 2 tries left.');
  await press('2', '4', '6', '8', 'Enter');
  await person.sees('done');
  await press('Tab', 'Enter');
  await page.waitForURL('**/protected');
  await person.leaves();
});

t.test('nothing jumps: the pad has one height on every screen', (t) => {
  t.ok(heights.size >= 16);
  t.same(new Set(heights.values()).size, 1, JSON.stringify([...heights]));
  t.end();
});
