// Every call of the contract through a client in another language, each on an account of
// its own: what operators do, lists, histories, many at once, and what is forgotten.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';

import { connect, startDaemon } from './service.mjs';
import { status, Stream } from './tools.mjs';

const daemon = await startDaemon();
const service = connect(daemon.target);

after(async () => {
  service.close();
  assert.equal(await daemon.stop(), 0);
});

const email = (value) => ({ namespace: 'email', value });
const push = (value) => ({ namespace: 'push', value });
const chat = (value) => ({ namespace: 'chat', value });
const text = (name, value) => ({ name, string_value: value });

// An event of the account's own database, unless it says otherwise.
const event = (account, identifiers, attributes = [], more = {}) => ({
  account,
  source: 'SOURCE_CONTACTS',
  identifiers,
  attributes,
  ...more,
});

const identify = async (...what) => (await service.identify(event(...what))).answer;
const resolve = async (account, id) => (await service.resolve({ account, contact_id: id })).answer;
const count = async (account) => (await service.countContacts({ account })).answer;

async function refused(promise, code, reason, field) {
  const error = await promise.then(
    () => assert.fail(`${reason} was expected`),
    (caught) => caught,
  );

  assert.equal(error.code, status[code]);
  assert.equal(error.info.domain, 'anagraph');
  assert.equal(error.info.reason, reason);
  assert.equal(error.info.metadata.field, field);
  return error;
}

const attribute = (contact, name) => contact.attributes.find((held) => held.name === name)?.string_value;

// A contact whose last name a chat disputes; resolves to it.
async function disputed(account) {
  await identify(account, [email('rossi@example.it')], [text('LAST_NAME', 'Rossi')]);
  const { contact } = await identify(account, [chat('v-1'), email('rossi@example.it')], [text('LAST_NAME', 'Bianchi')], {
    source: 'SOURCE_CONVERSATIONS',
    conversation: 't-5',
  });

  assert.equal(contact.secondaries.length, 1);
  return contact;
}

test('R24: an operator promotes a secondary', async () => {
  const account = 'promote';
  const contact = await disputed(account);
  const asked = {
    account,
    contact_id: contact.id,
    secondary_id: contact.secondaries[0].id,
    contact_version: contact.version,
    operator: 'anna',
    request_id: 'p-1',
  };

  await refused(
    service.promoteSecondary({ ...asked, request_id: '', contact_version: contact.version + 1 }),
    'ABORTED',
    'VERSION_MISMATCH',
    'contact_version',
  );
  await refused(
    service.promoteSecondary({ ...asked, request_id: '', secondary_id: 99 }),
    'NOT_FOUND',
    'SECONDARY_NOT_FOUND',
    'secondary_id',
  );
  await refused(service.promoteSecondary({ ...asked, operator: '' }), 'INVALID_ARGUMENT', 'OPERATOR_MISSING', 'operator');
  const { answer } = await service.promoteSecondary(asked);
  assert.equal(attribute(answer.contact, 'LAST_NAME'), 'Bianchi');
  assert.equal(answer.contact.secondaries.length, 0);
  assert.equal(answer.contact.version, contact.version + 1);
  assert.equal(answer.replayed, false);
  const again = await service.promoteSecondary(asked);
  assert.deepEqual(again.answer, { ...answer, replayed: true });
  await refused(
    service.dismissSecondary(asked),
    'FAILED_PRECONDITION',
    'REQUEST_ID_REUSED',
    'request_id',
  );
});

test('R24: an operator dismisses a secondary, and it comes back only by a later event', async () => {
  const account = 'dismiss';
  const contact = await disputed(account);
  const said = (observedAt) =>
    identify(account, [chat('v-1')], [text('LAST_NAME', 'Bianchi')], {
      source: 'SOURCE_CONVERSATIONS',
      observed_at: { seconds: Math.floor(observedAt / 1000), nanos: 0 },
    });

  const { answer } = await service.dismissSecondary({
    account,
    contact_id: contact.id,
    secondary_id: contact.secondaries[0].id,
    contact_version: contact.version,
    operator: 'anna',
  });
  assert.equal(attribute(answer.contact, 'LAST_NAME'), 'Rossi');
  assert.equal(answer.contact.secondaries.length, 0);
  assert.equal((await said(Date.now() - 60_000)).contact.secondaries.length, 0);
  assert.equal((await said(Date.now() + 60_000)).contact.secondaries.length, 1);
});

test('R24, R29: what somebody else owns by now is not promoted; merging agrees', async () => {
  const account = 'owned';
  const first = await identify(account, [email('a@example.it')], [text('FIRST_NAME', 'Ada')]);
  const offered = await identify(account, [email('a@example.it'), { namespace: 'phone', value: '+393471234567' }]);
  const chatting = await identify(
    account,
    [email('a@example.it'), { namespace: 'phone', value: '+393477654321' }],
    [],
    { source: 'SOURCE_CONVERSATIONS' },
  );
  const [secondary] = chatting.contact.secondaries;

  assert.equal(offered.contact.id, first.contact.id);
  assert.equal(secondary.identifier.value, '+393477654321');
  const third = await identify(account, [{ namespace: 'phone', value: '+393477654321' }]);
  const before = await resolve(account, first.contact.id);
  const error = await refused(
    service.promoteSecondary({
      account,
      contact_id: first.contact.id,
      secondary_id: secondary.id,
      contact_version: before.contact.version,
      operator: 'anna',
    }),
    'FAILED_PRECONDITION',
    'IDENTIFIER_OWNED',
    'secondary_id',
  );
  assert.equal(error.info.metadata.owner_contact_id, String(third.contact.id));
  assert.deepEqual(await resolve(account, first.contact.id), before);

  const asked = {
    account,
    surviving_contact_id: first.contact.id,
    absorbed_contact_id: third.contact.id,
    surviving_contact_version: before.contact.version,
    absorbed_contact_version: third.contact.version,
    operator: 'anna',
  };
  const dry = await service.mergeContacts({ ...asked, validate_only: true });
  assert.deepEqual(await resolve(account, first.contact.id), before);
  const { answer } = await service.mergeContacts(asked);
  assert.deepEqual(answer.absorbed_contact_ids, [third.contact.id]);
  assert.deepEqual(
    { ...dry.answer.contact, update_time: null },
    { ...answer.contact, update_time: null },
  );
  assert.equal(answer.contact.secondaries.length, 0);
  assert.deepEqual(
    answer.contact.identifiers.filter(({ namespace }) => namespace === 'phone').map(({ value, alias }) => [value, alias]),
    [
      ['+393471234567', false],
      ['+393477654321', true],
    ],
  );
  const found = await resolve(account, third.contact.id);
  assert.equal(found.contact.id, first.contact.id);
  assert.deepEqual(found.forwarded_ids, [third.contact.id]);
  assert.equal((await count(account)).identified, 1);
  await refused(service.mergeContacts(asked), 'INVALID_ARGUMENT', 'MERGE_INVALID', 'absorbed_contact_id');
});

test('many keys are looked up at once, each with its own result', async () => {
  const account = 'batch';
  const { contact } = await identify(account, [email('a@example.it')]);
  const { answer } = await service.batchResolve({
    account,
    keys: [
      { identifier: email('A@example.it') },
      { contact_id: contact.id },
      { contact_id: 7 },
      { identifier: email('nobody') },
      {},
    ],
  });

  assert.deepEqual(
    answer.results.map(({ result }) => result),
    ['contact', 'contact', 'not_found', 'error', 'error'],
  );
  assert.deepEqual(answer.results[0].contact, contact);
  assert.equal(answer.results[3].error.code, status.INVALID_ARGUMENT);
  assert.equal(answer.results[3].error.reason, 'IDENTIFIER_INVALID');
  assert.equal(answer.results[3].error.field, 'keys[3].identifier.value');
  assert.equal(answer.results[4].error.reason, 'KEY_MISSING');
  await refused(service.batchResolve({ account, keys: [] }), 'INVALID_ARGUMENT', 'KEY_MISSING', 'keys');
});

test('a stream answers every event in order, the bad ones too', async () => {
  const account = 'stream';
  const call = service.identifyStream();
  const stream = new Stream(call);
  const total = 1000;
  const isBad = (i) => i % 10 === 3;

  for (let i = 0; i < total; i++)
    call.write({ request: event(isBad(i) ? 'NOT AN ACCOUNT' : account, [push(`d-${i}`)], [], { request_id: `s-${i}` }) });
  call.write({});
  call.end();
  for (let i = 0; i < total; i++) {
    const { message } = await stream.next();

    if (isBad(i)) {
      assert.equal(message.result, 'error');
      assert.equal(message.error.reason, 'ACCOUNT_INVALID');
    } else {
      assert.equal(message.result, 'response');
      assert.equal(message.response.contact.identifiers[0].value, `d-${i}`);
    }
  }
  assert.equal((await stream.next()).message.error.reason, 'MALFORMED_REQUEST');
  assert.equal((await stream.next()).code, status.OK);
  assert.equal((await count(account)).anonymous_push, total * 0.9);
  // Identify and a stream's event are one call for a request_id.
  assert.equal((await identify(account, [push('d-0')], [], { request_id: 's-0' })).replayed, true);
});

test('R4 to R6: pages list each contact once', async () => {
  const account = 'pages';

  for (let i = 0; i < 25; i++) await identify(account, [i % 5 === 0 ? push(`d-${i}`) : email(`p${i}@example.it`)]);
  await identify(account, [chat('v-1')], [], { source: 'SOURCE_CONVERSATIONS' });

  async function list(filter, size) {
    const seen = [];
    let token = '';

    do {
      const { answer } = await service.listContacts({ account, page_size: size, page_token: token, ...filter });
      seen.push(...answer.contacts);
      assert.ok(answer.contacts.length <= size);
      if (!answer.total_unknown) assert.equal(answer.total, filter.expected);
      token = answer.next_page_token;
    } while (token !== '');
    assert.equal(seen.length, filter.expected);
    assert.deepEqual(
      seen.map(({ id }) => id),
      [...new Set(seen.map(({ id }) => id))].sort((a, b) => a - b),
    );
    return seen;
  }

  await list({ expected: 25 }, 7);
  const all = await list({ view: 'LIST_VIEW_ALL', expected: 26 }, 1000);
  assert.equal(all.at(-1).display_name, 'Anonymous contact #26');
  await list({ reach: 'REACH_EMAIL', expected: 20 }, 3);
  await list({ contact_class: 'CONTACT_CLASS_ANONYMOUS_PUSH', expected: 5 }, 2);
  await list({ reach: 'REACH_PUSH', contact_class: 'CONTACT_CLASS_ANONYMOUS_PUSH', expected: 5 }, 2);
  await list({ contact_class: 'CONTACT_CLASS_ANONYMOUS_CHAT', expected: 0 }, 2);
  await list({ list: 'conversations-engaged', expected: 0 }, 2);
  await refused(
    service.listContacts({ account, page_token: 'not one' }),
    'INVALID_ARGUMENT',
    'PAGE_TOKEN_INVALID',
    'page_token',
  );
});

test('a contact explains itself, and what became part of it', async () => {
  const account = 'story';

  await identify(account, [chat('v-1')], [], { source: 'SOURCE_CONVERSATIONS' });
  const contact = await disputed(account);
  const entries = [];
  let token = '';

  await service.promoteSecondary({
    account,
    contact_id: contact.id,
    secondary_id: contact.secondaries[0].id,
    contact_version: contact.version,
    operator: 'anna',
  });
  do {
    const { answer } = await service.explain({ account, contact_id: 1, page_size: 1, page_token: token });
    entries.push(...answer.entries);
    token = answer.next_page_token;
  } while (token !== '');
  assert.deepEqual(
    entries.map(({ sequence, action, contact_id: id }) => [sequence, action, id]),
    [
      [1, 'JOURNAL_ACTION_IDENTIFY', 1],
      [2, 'JOURNAL_ACTION_IDENTIFY', 2],
      [3, 'JOURNAL_ACTION_IDENTIFY', 2],
      [4, 'JOURNAL_ACTION_PROMOTE', 2],
    ],
  );
  assert.deepEqual(
    entries[2].absorptions.map(({ before, survivor_contact_id: id }) => [before.id, id]),
    [[1, 2]],
  );
  assert.equal(entries[2].conflicts[0].verdict, 'VERDICT_OFFER');
  assert.match(entries[2].conflicts[0].policy.build, /^[0-9a-f]{32}$/);
  assert.equal(entries[3].operator, 'anna');
  assert.equal(entries[3].claim.conversation, 't-5');
  await refused(service.explain({ account, contact_id: 9 }), 'NOT_FOUND', 'CONTACT_NOT_FOUND', 'contact_id');
});

test('N6: what too many people share says nothing of who it is', async () => {
  const account = 'shared';
  const info = email('info@example.it');
  let answer;

  for (let i = 0; i < 6; i++) answer = await identify(account, [info, { namespace: 'ext_id', value: `c-${i}` }]);
  assert.deepEqual(
    answer.shared_identifiers.map(({ namespace, value }) => [namespace, value]),
    [['email', 'info@example.it']],
  );
  assert.equal(answer.outcome, 'OUTCOME_CREATED');
  assert.equal(answer.conflicts.length, 0);
});

test('R30: a contact is forgotten', async () => {
  const account = 'erase';
  const { contact } = await identify(account, [email('a@example.it')], [text('FIRST_NAME', 'Ada')], { request_id: 'r-1' });
  const asked = { account, contact_id: contact.id, suppress: true, operator: 'anna', request_id: 'e-1' };
  const { answer } = await service.eraseContact(asked);

  await refused(
    service.resolve({ account, contact_id: contact.id }),
    'NOT_FOUND',
    'CONTACT_NOT_FOUND',
    'contact_id',
  );
  assert.deepEqual((await service.eraseContact(asked)).answer, { ...answer, replayed: true });
  await refused(service.eraseContact({ ...asked, request_id: '' }), 'NOT_FOUND', 'CONTACT_NOT_FOUND', 'contact_id');
  await refused(
    service.identify(event(account, [push('d-1'), email('A@Example.it')])),
    'FAILED_PRECONDITION',
    'IDENTIFIER_SUPPRESSED',
    'identifiers[1].value',
  );
  await refused(
    service.identify(event(account, [email('a@example.it')], [text('FIRST_NAME', 'Ada')], { request_id: 'r-1' })),
    'NOT_FOUND',
    'CONTACT_NOT_FOUND',
    undefined,
  );
  assert.equal((await count(account)).home_page_total, 0);
});
