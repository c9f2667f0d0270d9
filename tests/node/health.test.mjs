// grpc.health.v1: what is asked, what is watched, and what watchers learn of the end
// before anybody is refused.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { connect, startDaemon } from './service.mjs';
import { connectHealth, connectRaw, connectReflection, status } from './tools.mjs';

const SERVICE = 'anagraph.v1.IdentityService';
const WATCHERS = 256;

const event = (value) => ({
  account: 'shop',
  source: 'SOURCE_CONTACTS',
  identifiers: [{ namespace: 'push', value }],
});

async function expectStates(stream, ...states) {
  for (const state of states) assert.deepEqual(await stream.next(), { message: { status: state } });
}

async function expectEnd(stream, code, reason) {
  const end = await stream.next();

  assert.equal(end.code, code);
  assert.equal(end.info?.reason, reason);
}

// A caller of HTTP/2 that takes no byte of any answer until it is told to.
class Reluctant {
  constructor(target) {
    this.session = http2.connect(`http://${target}`, { settings: { initialWindowSize: 0 } });
    this.closed = once(this.session, 'close');
    this.session.on('error', () => {});
  }

  // Starts a call; resolves once its headers are there, or at once where there are none.
  start(path, message, waits) {
    const call = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const frame = Buffer.alloc(5 + message.length);

    frame.writeUInt32BE(message.length, 1);
    message.copy(frame, 5);
    call.on('error', () => {});
    call.end(frame);
    call.resume();
    return waits ? once(call, 'response').then(() => call) : call;
  }

  relent() {
    this.session.settings({ initialWindowSize: 65535 });
  }
}

test('what is served is SERVING, all else NOT_FOUND', async () => {
  const daemon = await startDaemon();
  const health = connectHealth(daemon.target);

  assert.equal(await health.check(''), 'SERVING');
  assert.equal(await health.check(SERVICE), 'SERVING');
  for (const other of ['anagraph.v1', 'anagraph.v1.IdentityServic', `${SERVICE}.Identify`, 'grpc.health.v1.Health']) {
    const refused = await health.check(other);

    assert.equal(refused.code, status.NOT_FOUND);
    assert.equal(refused.info.reason, 'SERVICE_NOT_FOUND');
    assert.equal(refused.info.metadata.field, 'service');
  }
  health.close();
  assert.equal(await daemon.stop(), 0);
});

test('bytes that are no request are refused', async () => {
  const daemon = await startDaemon();
  const raw = connectRaw(daemon.target);
  const wrong = [Buffer.from([0x0a]), Buffer.from([0x0a, 0x01, 0xff]), Buffer.from([0x08, 0x01]), Buffer.from('hello?')];

  for (const bytes of wrong) {
    const refused = await raw.unary('/grpc.health.v1.Health/Check', bytes);

    assert.equal(refused.code, status.INVALID_ARGUMENT);
    assert.equal(refused.info.reason, 'MALFORMED_REQUEST');
    await expectEnd(raw.watch('/grpc.health.v1.Health/Watch', bytes), status.INVALID_ARGUMENT, 'MALFORMED_REQUEST');
  }
  assert.deepEqual(await raw.unary('/grpc.health.v1.Health/Check', Buffer.alloc(0)), Buffer.from([0x08, 0x01]));
  raw.close();
  assert.equal(await daemon.stop(), 0);
});

test('watchers are told of the end, and draining waits for no stream', async () => {
  const daemon = await startDaemon();
  const health = connectHealth(daemon.target);
  const reflection = connectReflection(daemon.target, 'v1');
  const whole = health.watch('');
  const service = health.watch(SERVICE);
  const other = health.watch('nobody');
  const idle = reflection.open();
  const busy = reflection.open();

  await expectStates(whole, 'SERVING');
  await expectStates(service, 'SERVING');
  await expectStates(other, 'SERVICE_UNKNOWN');
  busy.call.write({ list_services: '' });
  assert.equal((await busy.next()).message.message_response, 'list_services_response');
  const ended = daemon.stop();
  for (const watcher of [whole, service]) {
    await expectStates(watcher, 'NOT_SERVING');
    await expectEnd(watcher, status.UNAVAILABLE, 'DRAINING');
  }
  for (const stream of [other, idle, busy]) await expectEnd(stream, status.UNAVAILABLE, 'DRAINING');
  assert.equal(await ended, 0);
  health.close();
  reflection.close();
});

test('a watcher who does not read holds nothing up', async () => {
  const daemon = await startDaemon();
  const reluctant = new Reluctant(daemon.target);

  await reluctant.start('/grpc.health.v1.Health/Watch', Buffer.alloc(0), true);
  await reluctant.start('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', Buffer.from([0x3a, 0x00]), true);
  assert.equal(await daemon.stop(), 0);
  await reluctant.closed;
});

test('while calls in flight are waited for, checks say NOT_SERVING', async () => {
  const daemon = await startDaemon();
  const reluctant = new Reluctant(daemon.target);
  const health = connectHealth(daemon.target);
  const service = connect(daemon.target);
  const watcher = health.watch(SERVICE);
  // CountContacts of the account "a", which has somebody to count: an answer with bytes
  // in it has to wait until its caller takes them.
  const held = Buffer.from([0x0a, 0x01, 0x61]);

  await service.identify({ ...event('d-1'), account: 'a' });
  await reluctant.start('/anagraph.v1.IdentityService/CountContacts', held, true);
  await expectStates(watcher, 'SERVING');
  const ended = daemon.stop();

  await expectStates(watcher, 'NOT_SERVING');
  let refusal;
  while (refusal === undefined)
    refusal = await service.countContacts({ account: 'shop' }).then(
      () => undefined,
      (error) => error,
    );
  assert.equal(refusal.info.reason, 'DRAINING');
  assert.equal(await health.check(''), 'NOT_SERVING');
  assert.equal(await health.check(SERVICE), 'NOT_SERVING');
  assert.equal((await health.check('nobody')).code, status.NOT_FOUND);
  await expectEnd(health.watch(''), status.UNAVAILABLE, 'DRAINING');
  reluctant.relent();
  service.close();
  health.close();
  reluctant.session.close();
  assert.equal(await ended, 0);
});

test(`${WATCHERS} watchers, and not one more until one leaves`, async () => {
  const daemon = await startDaemon();
  const health = connectHealth(daemon.target);
  const watchers = Array.from({ length: WATCHERS }, () => health.watch(SERVICE));

  for (const watcher of watchers) await expectStates(watcher, 'SERVING');
  await expectEnd(health.watch(SERVICE), status.UNAVAILABLE, 'OVERLOADED');
  assert.equal(await health.check(SERVICE), 'SERVING');
  watchers[0].call.cancel();
  await expectEnd(watchers[0], status.CANCELLED, undefined);
  // The daemon learns of it in its own time.
  for (;;) {
    const watcher = health.watch(SERVICE);
    const first = await watcher.next();

    watchers[0] = watcher;
    if (first.message !== undefined) break;
    assert.equal(first.info.reason, 'OVERLOADED');
  }
  await expectEnd(health.watch(SERVICE), status.UNAVAILABLE, 'OVERLOADED');
  const ended = daemon.stop();
  for (const watcher of watchers) {
    await expectStates(watcher, 'NOT_SERVING');
    await expectEnd(watcher, status.UNAVAILABLE, 'DRAINING');
  }
  assert.equal(await ended, 0);
  health.close();
});

test('watchers come and go', async () => {
  const daemon = await startDaemon();
  const health = connectHealth(daemon.target);

  // Cancelled before, while and after they are told anything.
  for (let round = 0; round < 8; round++) {
    const watchers = Array.from({ length: 32 }, () => health.watch(round % 2 === 0 ? '' : 'nobody'));

    for (const [index, watcher] of watchers.entries()) if (index % 2 === 0) watcher.call.cancel();
    for (const [index, watcher] of watchers.entries()) {
      if (index % 2 === 0) continue;
      await expectStates(watcher, round % 2 === 0 ? 'SERVING' : 'SERVICE_UNKNOWN');
      watcher.call.cancel();
    }
  }
  assert.equal(await health.check(''), 'SERVING');
  health.close();
  assert.equal(await daemon.stop(), 0);
});

test('a commit that fails is the end of SERVING', async () => {
  const directory = mkdtempSync(join(process.env.ANAGRAPH_TEST_DIR ?? tmpdir(), 'anagraph-fail-'));
  const trigger = join(directory, 'fail');
  const daemon = await startDaemon([
    `LD_PRELOAD=${process.env.ANAGRAPH_FAIL_SYNC_MODULE}`,
    `ANAGRAPH_FAIL_SYNC=${trigger}`,
    `ASAN_OPTIONS=${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`,
  ]);
  const health = connectHealth(daemon.target);
  const service = connect(daemon.target);
  const watcher = health.watch(SERVICE);

  await service.identify(event('d-1'));
  await expectStates(watcher, 'SERVING');
  writeFileSync(trigger, '');
  await assert.rejects(service.identify(event('d-2')), (error) => error.info.reason === 'STORE_FAILED');
  await expectStates(watcher, 'NOT_SERVING');
  await expectEnd(watcher, status.UNAVAILABLE, 'DRAINING');
  health.close();
  service.close();
  assert.equal(await daemon.ended, 1);
  rmSync(directory, { recursive: true });
});
