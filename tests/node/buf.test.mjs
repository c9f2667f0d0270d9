// `buf curl --reflect` is what people have at hand: it must work against the daemon as it
// runs, from a directory without a .proto, and without a word to anybody else.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startDaemon } from './service.mjs';

const program = join(dirname(fileURLToPath(import.meta.url)), 'node_modules/.bin/buf');
let daemon;
let directory;

before(async () => {
  directory = mkdtempSync(join(process.env.ANAGRAPH_TEST_DIR ?? tmpdir(), 'anagraph-buf-'));
  daemon = await startDaemon();
});

// Resolves to what buf wrote, or to its exit status and what it complained of.
const curl = (path, ...more) =>
  new Promise((resolve) =>
    execFile(
      program,
      ['curl', '--reflect', '--protocol', 'grpc', '--http2-prior-knowledge', ...more, `http://${daemon.target}${path}`],
      { cwd: directory, env: { PATH: process.env.PATH, HOME: directory } },
      (error, output, prose) => resolve(error ? { status: error.code, prose } : output),
    ),
  );

const call = async (method, message, ...more) =>
  JSON.parse(await curl(`/anagraph.v1.IdentityService/${method}`, '--data', JSON.stringify(message), ...more));

test('an Identify and a CountContacts', async () => {
  const answer = await call('Identify', {
    account: 'shop',
    source: 'SOURCE_CONTACTS',
    observedAt: '2026-01-02T03:04:05Z',
    identifiers: [{ namespace: 'email', value: 'Rossi@example.it' }],
    attributes: [{ name: 'LAST_NAME', stringValue: 'Rossi' }],
  });

  assert.equal(answer.outcome, 'OUTCOME_CREATED');
  assert.equal(answer.contact.id, '1');
  assert.equal(answer.contact.identifiers[0].value, 'rossi@example.it');
  assert.equal(answer.contact.attributes[0].claim.observedAt, '2026-01-02T03:04:05Z');
  assert.deepEqual(await call('CountContacts', { account: 'shop' }, '--emit-defaults'), {
    identified: '1',
    anonymousPush: '0',
    anonymousChat: '0',
    contactsPageTotal: '1',
    homePageTotal: '1',
    revision: '1',
  });
});

test('an error says what is wrong', async () => {
  const { status, prose } = await curl('/anagraph.v1.IdentityService/CountContacts', '--data', '{"account":"Not One"}');

  assert.notEqual(status, 0);
  assert.equal(JSON.parse(prose).code, 'invalid_argument');
});

for (const protocol of ['grpc-v1', 'grpc-v1alpha']) {
  test(`services and methods by ${protocol}`, async () => {
    assert.deepEqual((await curl('', '--list-services', '--reflect-protocol', protocol)).trim().split('\n'), [
      'anagraph.v1.IdentityService',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);
    assert.deepEqual((await curl('', '--list-methods', '--reflect-protocol', protocol)).trim().split('\n'), [
      'anagraph.v1.IdentityService/BatchResolve',
      'anagraph.v1.IdentityService/CountContacts',
      'anagraph.v1.IdentityService/DismissSecondary',
      'anagraph.v1.IdentityService/EraseContact',
      'anagraph.v1.IdentityService/Explain',
      'anagraph.v1.IdentityService/Identify',
      'anagraph.v1.IdentityService/IdentifyStream',
      'anagraph.v1.IdentityService/ListContacts',
      'anagraph.v1.IdentityService/MergeContacts',
      'anagraph.v1.IdentityService/PromoteSecondary',
      'anagraph.v1.IdentityService/Resolve',
      'grpc.health.v1.Health/Check',
      'grpc.health.v1.Health/Watch',
      'grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      'grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
    ]);
  });
}

test('health', async () => {
  assert.deepEqual(JSON.parse(await curl('/grpc.health.v1.Health/Check', '--data', '{}')), { status: 'SERVING' });
});

after(async () => {
  rmSync(directory, { recursive: true });
  assert.equal(await daemon.stop(), 0);
});
