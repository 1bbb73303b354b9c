/** The authorities over TLS of their own, and the description of their routes. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { Agent, request } from 'undici';
import { openApiDocument } from '../../src/api/document.js';
import { packageVersion } from '../../src/ops/version.js';
import { CertificateFolder } from '../http/certificates.js';
import { get, runDta, runHosted } from './services.js';

t.test('D-TA and hosted side speak TLS with the certificate of their options', async (t) => {
  const folder = new CertificateFolder(t);
  const { certFile: tlsCertFile, keyFile: tlsKeyFile } = folder.selfSigned('authority');
  const tls = { tlsCertFile, tlsKeyFile };
  const [dta, hosted] = [await runDta(t, tls), await runHosted(t, tls)];
  const dispatcher = new Agent({ connect: { ca: readFileSync(tlsCertFile) } });
  for (const { address } of [dta, hosted]) {
    t.match(address, /^https:/);
    const reply = await request(`${address}/status`, { dispatcher });
    t.equal(reply.statusCode, 200);
    t.match(await reply.body.json(), { message: 'OK' });
  }
  t.match(hosted.apiUrl, /^https:/, 'and is advertised so');
  t.match(hosted.dtaAddress, /^http:\/\/127/, 'what never leaves this machine needs none');
  await dispatcher.close();
  await t.rejects(runDta(t, { tlsCertFile }), /tlsCertFile and tlsKeyFile go together/);
});

t.test('each serves the description of its routes', async (t) => {
  const [dta, hosted] = [await runDta(t), await runHosted(t)];
  const version = packageVersion();
  const described = async (address: string) => (await get(`${address}/openapi.json`)).body;
  t.strictSame(await described(dta.address), openApiDocument('dta', { version }));
  t.strictSame(await described(hosted.address), openApiDocument('hosted', { version }));
  t.strictSame(await described(hosted.dtaAddress), openApiDocument('dta', { version }));
});
