// Callers who are asked who they are: by certificates made for the occasion, each with the
// roles and accounts that the daemon's settings give it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';

import grpc from '@grpc/grpc-js';

import { connect, startDaemon } from './service.mjs';
import { status, Stream } from './tools.mjs';

const directory = mkdtempSync(join(process.env.ANAGRAPH_TEST_DIR ?? tmpdir(), 'anagraph-access-'));
const path = (name) => join(directory, name);
const openssl = (...options) => execFileSync('openssl', options, { stdio: ['ignore', 'ignore', 'pipe'] });

after(() => rmSync(directory, { recursive: true, force: true }));

function makeAuthority(name) {
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', `/CN=${name}`, '-keyout', path(`${name}.key`), '-out', path(`${name}.pem`));
}

// A certificate with a common name and, perhaps, another one.
function makeCertificate(name, authority, alternative) {
  writeFileSync(path(`${name}.ext`), alternative === undefined ? '' : `subjectAltName=${alternative}\n`);
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`,
    '-keyout', path(`${name}.key`), '-out', path(`${name}.csr`));
  openssl('x509', '-req', '-in', path(`${name}.csr`), '-CA', path(`${authority}.pem`), '-CAkey',
    path(`${authority}.key`), '-CAcreateserial', '-days', '2', '-extfile', path(`${name}.ext`),
    '-out', path(`${name}.pem`));
}

makeAuthority('authority');
makeAuthority('strangers');
makeCertificate('server', 'authority', 'IP:127.0.0.1');
makeCertificate('chat', 'authority', 'URI:spiffe://shop.example/chat');
makeCertificate('console', 'authority', 'DNS:console.shop.example');
makeCertificate('batch', 'authority');
makeCertificate('nobody', 'authority');
makeCertificate('stranger', 'strangers', 'URI:spiffe://shop.example/chat');
writeFileSync(
  path('anagraph.yaml'),
  `tls:
  certificate: ${path('server.pem')}
  key: ${path('server.key')}
  caller_authority: ${path('authority.pem')}
callers:
  spiffe://shop.example/chat: {roles: [reader, writer], accounts: [shop]}
  console.shop.example: {roles: [reader, operator, admin], accounts: ["*"]}
  batch: {roles: [writer], accounts: ["*"]}
`,
  { mode: 0o600 },
);

const daemon = await startDaemon([], ['--config', path('anagraph.yaml')]);
const authority = readFileSync(path('authority.pem'));
const clients = [];

after(async () => {
  for (const client of clients) client.close();
  assert.equal(await daemon.stop(), 0);
});

function callerOf(name) {
  const credentials =
    name === undefined
      ? grpc.credentials.createSsl(authority)
      : grpc.credentials.createSsl(authority, readFileSync(path(`${name}.key`)), readFileSync(path(`${name}.pem`)));
  const client = connect(daemon.target, credentials);

  clients.push(client);
  return client;
}

const event = (account) => ({
  account,
  source: 'SOURCE_CONTACTS',
  identifiers: [{ namespace: 'email', value: 'rossi@example.it' }],
});

async function refused(promise, code, reason, field) {
  const error = await promise.then(
    () => assert.fail(`${reason} was expected`),
    (caught) => caught,
  );

  assert.equal(error.code, status[code], error.message);
  assert.equal(error.info?.reason, reason);
  assert.equal(error.info?.metadata.field, field);
}

test('a caller does what its roles let it, where its accounts are', async () => {
  const chat = callerOf('chat');
  const { answer } = await chat.identify(event('shop'));
  const act = { account: 'shop', contact_id: 1, secondary_id: 1, contact_version: 1, operator: 'anna' };

  assert.equal(answer.contact.id, 1);
  assert.equal((await chat.resolve({ account: 'shop', contact_id: 1 })).answer.contact.id, 1);
  await refused(chat.identify(event('other')), 'PERMISSION_DENIED', 'ACCOUNT_FORBIDDEN', 'account');
  await refused(chat.countContacts({ account: 'other' }), 'PERMISSION_DENIED', 'ACCOUNT_FORBIDDEN', 'account');
  await refused(
    chat.batchResolve({ account: 'other', keys: [{ contact_id: 1 }] }),
    'PERMISSION_DENIED',
    'ACCOUNT_FORBIDDEN',
    'account',
  );
  for (const call of [chat.promoteSecondary, chat.dismissSecondary, chat.mergeContacts, chat.eraseContact])
    await refused(call(act), 'PERMISSION_DENIED', 'ROLE_MISSING');
});

test('a name may be a DNS name or the common name, and * is every account', async () => {
  const operator = callerOf('console');
  const writer = callerOf('batch');

  await writer.identify(event('anything'));
  await refused(writer.resolve({ account: 'anything', contact_id: 1 }), 'PERMISSION_DENIED', 'ROLE_MISSING');
  await operator.eraseContact({ account: 'anything', contact_id: 1, operator: 'anna' });
  await refused(operator.identify(event('anything')), 'PERMISSION_DENIED', 'ROLE_MISSING');
});

test('in a stream each event is held to its account', async () => {
  const stream = new Stream(callerOf('chat').identifyStream());

  stream.call.write({ request: event('other') });
  stream.call.write({ request: event('shop') });
  stream.call.end();
  assert.equal((await stream.next()).message.error.reason, 'ACCOUNT_FORBIDDEN');
  assert.equal((await stream.next()).message.response.contact.id, 1);
  assert.equal((await stream.next()).code, status.OK);
});

test('who shows nothing, or is not known, is told so', async () => {
  await refused(callerOf(undefined).countContacts({ account: 'shop' }), 'UNAUTHENTICATED', 'CREDENTIALS_MISSING');
  await refused(callerOf('nobody').countContacts({ account: 'shop' }), 'PERMISSION_DENIED', 'ROLE_MISSING');
});

test('a certificate of another authority does not get through', async () => {
  const error = await callerOf('stranger')
    .countContacts({ account: 'shop' })
    .then(
      () => assert.fail('it was answered'),
      (caught) => caught,
    );

  assert.equal(error.code, status.UNAVAILABLE);
});

test('nobody is answered in the clear', async () => {
  const plain = connect(daemon.target);

  clients.push(plain);
  await assert.rejects(plain.countContacts({ account: 'shop' }), { code: status.UNAVAILABLE });
});

test('the command shows a certificate, too', () => {
  const command = process.env.ANAGRAPH_COMMAND ?? 'build/client/anagraph';
  const count = (...identity) =>
    spawnSync(command, ['--server', daemon.target, ...identity, 'count', '--account', 'shop'], { encoding: 'utf8' });
  const chat = ['--ca', path('authority.pem'), '--cert', path('chat.pem'), '--key', path('chat.key')];
  const known = count(...chat);

  assert.equal(known.status, 0, known.stderr);
  assert.equal(JSON.parse(known.stdout).identified, 1);
  const unknown = count('--ca', path('authority.pem'));
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /CREDENTIALS_MISSING/);
  assert.equal(count(...chat.slice(0, 4)).status, 1);
  assert.equal(count('--ca', path('none.pem')).status, 2);
});
