import { join } from 'node:path';
import t from 'tap';
import { launchBrowser, Person, SCREENS, startSystem } from './browser.js';

t.setTimeout(120_000);

const system = await startSystem();
const browser = await launchBrowser();
t.teardown(async () => {
  await browser.close();
  await system.stop();
});

t.test('a newcomer registers, sets a PIN and logs in', async (t) => {
  const person = await Person.at(browser, system.url);
  await person.sees('add');
  await person.page.screenshot({ path: join(SCREENS, 'a-add.png') });
  await person.registers('ada@example.com', '2468');
  await person.page.screenshot({ path: join(SCREENS, 'a-set.png') });
  await person.click('Log in now');
  await person.sees('login');
  await person.page.screenshot({ path: join(SCREENS, 'a-login.png') });
  await person.logsIn('1111');
  await person.page.waitForTimeout(1000);
  await person.page.screenshot({ path: join(SCREENS, 'a-wrong.png') });
  await person.logsIn('2468');
  await person.sees('done');
  await person.page.screenshot({ path: join(SCREENS, 'a-done.png') });
  t.same(person.faults, []);
});
