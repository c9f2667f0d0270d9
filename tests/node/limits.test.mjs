// Limits that take more callers than one client makes: as many calls at once as a
// connection, and as the daemon, takes on, and one more; and a page of a listing whose
// filters meet in nobody for long.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import test from 'node:test';

import { connect, startDaemon } from './service.mjs';
import { connectHealth } from './tools.mjs';

const CONNECTION_CALLS = 1024;
const CALLS_IN_FLIGHT = 32768;
const PAGE_STEPS = 8192;

// A connection whose calls stay under way: it takes no byte of any answer. Each call is a
// CountContacts of the account "a".
class Holder {
  #frame = Buffer.from([0, 0, 0, 0, 3, 0x0a, 0x01, 0x61]);

  constructor(target) {
    this.session = http2.connect(`http://${target}`, { settings: { initialWindowSize: 0 } });
    this.session.on('error', () => {});
    this.session.setMaxListeners(0);
  }

  ready() {
    return this.session.remoteSettings?.maxConcurrentStreams > 0
      ? Promise.resolve()
      : once(this.session, 'remoteSettings');
  }

  start() {
    const call = this.session.request({
      ':method': 'POST',
      ':path': '/anagraph.v1.IdentityService/CountContacts',
      'content-type': 'application/grpc',
      te: 'trailers',
    });

    call.on('error', () => {});
    call.end(this.#frame);
    call.resume();
    return call;
  }

  // Starts so many; resolves to the calls once the daemon has answered each, in vain.
  async hold(count) {
    const calls = Array.from({ length: count }, () => this.start());

    await Promise.all(calls.map((call) => once(call, 'response')));
    return calls;
  }

  end() {
    this.session.destroy();
  }
}

async function startCounted() {
  const daemon = await startDaemon();
  const service = connect(daemon.target);

  // An answer of no bytes would need no leave to be sent.
  await service.identify({
    account: 'a',
    source: 'SOURCE_CONTACTS',
    identifiers: [{ namespace: 'push', value: 'd-1' }],
  });
  return { daemon, service };
}

test(`a connection has ${CONNECTION_CALLS} calls at once, and one more waits`, async () => {
  const { daemon, service } = await startCounted();
  const holder = new Holder(daemon.target);

  await holder.ready();
  assert.equal(holder.session.remoteSettings.maxConcurrentStreams, CONNECTION_CALLS);
  const calls = await holder.hold(CONNECTION_CALLS);
  const waiting = holder.start();
  let started = false;

  waiting.once('ready', () => (started = true));
  await new Promise((resolve) => holder.session.ping(resolve));
  assert.equal(started, false);
  assert.equal((await service.countContacts({ account: 'a' })).answer.identified, 0);
  calls[0].close(http2.constants.NGHTTP2_CANCEL);
  await once(waiting, 'response');
  holder.end();
  service.close();
  assert.equal(await daemon.stop(), 0);
});

test(`${CALLS_IN_FLIGHT} calls at once on all connections, and not one more`, async () => {
  const { daemon, service } = await startCounted();
  const health = connectHealth(daemon.target);
  const holders = Array.from({ length: CALLS_IN_FLIGHT / CONNECTION_CALLS }, () => new Holder(daemon.target));
  let calls;

  for (const holder of holders) {
    await holder.ready();
    calls = await holder.hold(CONNECTION_CALLS - (holder === holders.at(-1) ? 1 : 0));
  }
  // All but one are taken, so that one call after the other is served still.
  assert.equal((await service.countContacts({ account: 'a' })).answer.anonymous_push, 1);
  assert.equal((await service.countContacts({ account: 'a' })).answer.anonymous_push, 1);
  const [last] = await holders.at(-1).hold(1);

  await assert.rejects(service.countContacts({ account: 'a' }), (error) => error.info.reason === 'OVERLOADED');
  assert.equal(await health.check(''), 'SERVING');
  last.close(http2.constants.NGHTTP2_CANCEL);
  // The daemon learns of it in its own time.
  for (;;) {
    const counted = await service.countContacts({ account: 'a' }).catch((error) => error);

    if (counted.answer !== undefined) break;
    assert.equal(counted.info.reason, 'OVERLOADED');
  }
  assert.equal(calls.length, CONNECTION_CALLS - 1);
  for (const holder of holders) holder.end();
  health.close();
  service.close();
  assert.equal(await daemon.stop(), 0);
});

// Every other contact has taken part in a conversation and has no e-mail, the others have
// one and have not; the last is both.
function* passing(times) {
  for (let id = 1; id <= 2 * times + 1; id++) {
    const identifiers = [{ namespace: 'ext_id', value: `e-${id}` }];
    const engaged = id % 2 === 0 || id > 2 * times;

    if (id % 2 === 1) identifiers.push({ namespace: 'email', value: `c${id}@example.it` });
    if (engaged) identifiers.push({ namespace: 'chat', value: `v-${id}` });
    yield {
      account: 'shop',
      source: engaged ? 'SOURCE_CONVERSATIONS' : 'SOURCE_CONTACTS',
      conversation_id: engaged ? `t-${id}` : '',
      identifiers,
    };
  }
}

async function identifyAll(service, events) {
  const stream = service.identifyStream();
  let answers = 0;

  stream.on('data', (answer) => (answers += answer.result === 'response'));
  for (const event of events) if (!stream.write({ request: event })) await once(stream, 'drain');
  stream.end();
  await once(stream, 'end');
  return answers;
}

test(`a page ends where two filters have passed each other more than ${PAGE_STEPS} times`, async () => {
  const daemon = await startDaemon();
  const service = connect(daemon.target);
  const wanted = { account: 'shop', list: 'conversations-engaged', reach: 'REACH_EMAIL' };

  assert.equal(await identifyAll(service, passing(PAGE_STEPS + 1)), 2 * PAGE_STEPS + 3);
  const { answer: first } = await service.listContacts(wanted);
  assert.deepEqual(first.contacts, []);
  assert.notEqual(first.next_page_token, '');
  const { answer: second } = await service.listContacts({ ...wanted, page_token: first.next_page_token });
  assert.deepEqual(
    second.contacts.map((contact) => contact.id),
    [2 * PAGE_STEPS + 3],
  );
  assert.equal(second.next_page_token, '');
  service.close();
  assert.equal(await daemon.stop(), 0);
});
