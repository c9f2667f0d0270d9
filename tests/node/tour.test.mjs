// Plays the tour's morning through a client in another language and checks, event by
// event, what its reader is told: whose event it was, what became of it, every conflict
// and both totals. What is expected was worked out from the rules, not copied from a run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { connect, morningPath, request, startDaemon } from './service.mjs';

// One line an event: its time; outcome and contact; contacts absorbed; conflicts as "kind
// name: stored / incoming -> verdict by policy"; contacts page and home page afterwards.
const MORNING = `
09:00 | CREATED 1    |    | | 1 1
09:02 | CREATED 2    |    | | 1 2
09:04 | IDENTIFIED 1 | 2  | VALUE LAST_NAME: Rossi / Bianchi -> OFFER by chat_primary | 1 1
09:10 | CREATED 3    |    | | 2 2
09:10 | CREATED 4    |    | | 3 3
09:10 | CREATED 5    |    | | 4 4
09:10 | CREATED 6    |    | | 5 5
09:10 | CREATED 7    |    | | 6 6
09:15 | CREATED 8    |    | | 7 7
09:16 | CREATED 9    |    | | 8 8
09:20 | IDENTIFIED 3 | 8  | | 7 7
09:22 | CREATED 10   |    | | 7 8
09:23 | CREATED 11   |    | | 7 9
09:25 | CREATED 12   |    | | 7 10
09:27 | CREATED 13   |    | | 8 11
09:30 | IDENTIFIED 5 | 12 | | 8 10
09:32 | UNCHANGED 5  |    | | 8 10
09:33 | UPDATED 3    |    | | 8 10
09:36 | IDENTIFIED 4 | 10 | | 8 9
09:38 | UPDATED 7    |    | OWNER chat of 4: v-90 / v-90 -> TAKE by chat_primary | 8 9
09:40 | UPDATED 3    |    | OWNER whatsapp of 5: +442079460102 / +442079460102 -> OFFER by chat_primary | 8 9
09:42 | UPDATED 4    |    | OWNER push of 3: d-1 / d-1 -> TAKE by push_latest | 8 9
09:43 | UNCHANGED 3  |    | OWNER push of 4: d-1 / d-1 -> KEEP by push_latest | 8 9
09:45 | UPDATED 4    |    | VALUE CITY: Bologna / Modena -> TAKE by push_latest | 8 9
09:46 | UNCHANGED 4  |    | VALUE CITY: Modena / Parma -> KEEP by push_latest | 8 9
09:48 | UPDATED 1    |    | | 8 9
09:50 | UPDATED 7    |    | IDENTITY email: teresa.galli@example.net / teresa.g@example.net -> OFFER by chat_primary | 8 9
09:52 | IDENTIFIED 9 |    | | 8 9
09:54 | CREATED 14   |    | IDENTITY email: paolo.serra@example.com / elena.serra@example.com -> SEPARATE by push_latest | 9 10
09:56 | IDENTIFIED 11 |   | | 10 10
09:58 | UNCHANGED 4  |    | | 10 10
10:00 | UPDATED 7    |    | VALUE CITY: Bologna / Imola -> OFFER by chat_primary | 10 10
10:03 | UPDATED 7    |    | VALUE CITY: Bologna / Imola -> TAKE by push_latest | 10 10
10:05 | UPDATED 13   |    | | 10 10
10:07 | CREATED 15   |    | | 10 11
10:08 | CREATED 16   |    | | 10 12
10:10 | IDENTIFIED 15 | 16 | | 10 11
10:12 | UPDATED 5    |    | VALUE LAST_NAME: Conti / Conti-Ricci -> TAKE by push_latest | 10 11
10:15 | UPDATED 5    |    | VALUE email: ada.conti@example.org / ada.ricci@example.org -> TAKE by push_latest | 10 11
10:18 | CREATED 17   |    | | 11 12
10:20 | CREATED 18   |    | | 12 13
10:25 | UNCHANGED 1  |    | | 12 13
`;

const expected = MORNING.trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));

const script = readFileSync(morningPath, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line));

const held = (claimed) => claimed[claimed.value];
const short = (name, prefix) => name.slice(prefix.length);

function tellConflict(conflict) {
  const kind = short(conflict.kind, 'CONFLICT_KIND_');
  const owner = conflict.owner_contact_id === 0 ? '' : ` of ${conflict.owner_contact_id}`;
  const verdict = short(conflict.verdict, 'VERDICT_');

  return (
    `${kind} ${conflict.name}${owner}: ${held(conflict.stored)} / ${held(conflict.incoming)}` +
    ` -> ${verdict} by ${conflict.policy.id}`
  );
}

const names = (contact, namespace) =>
  contact.identifiers.filter((identifier) => identifier.namespace === namespace).map(({ value }) => value);
const attribute = (contact, name) => {
  const found = contact.attributes.find((candidate) => candidate.name === name);
  return found && found[found.value];
};
const offered = (secondary) => {
  const { name, namespace, value, ...rest } = secondary[secondary.offered];
  return `${name ?? namespace} ${name === undefined ? value : rest[value]}`;
};

const daemon = await startDaemon();
const service = connect(daemon.target);
const { identify, resolve, countContacts } = service;
const txns = [];

// Calls are made one by one, as a person reading along would see them.
async function play(account, events) {
  const seen = [];

  for (const { event } of events) {
    const { answer, txn } = await identify(request(account, event));
    const counted = await countContacts({ account });

    txns.push(txn, counted.txn);
    seen.push({ ...answer, totals: counted.answer });
  }
  return seen;
}

const seen = await play('shop', script);
const at = async (account, contactId) => (await resolve({ account, contact_id: contactId })).answer;

test('the table has a line for every event of the morning', () => {
  assert.deepEqual(
    script.map(({ time }) => time),
    expected.map(([time]) => time),
  );
  assert.ok(script.length >= 40);
});

expected.forEach(([time, outcome, absorbed, conflicts, totals], index) => {
  test(`event ${index + 1}, ${time}: ${outcome}`, () => {
    const answer = seen[index];

    assert.equal(`${short(answer.outcome, 'OUTCOME_')} ${answer.contact.id}`, outcome);
    assert.equal(answer.absorbed_contact_ids.join(' '), absorbed);
    assert.equal(answer.conflicts.map(tellConflict).join('; '), conflicts);
    assert.equal(`${answer.totals.contacts_page_total} ${answer.totals.home_page_total}`, totals);
  });
});

test('test_R3_totals_are_sums_of_the_classes', () => {
  for (const { totals } of seen) {
    assert.equal(totals.contacts_page_total, totals.identified + totals.anonymous_push);
    assert.equal(totals.home_page_total, totals.contacts_page_total + totals.anonymous_chat);
  }
});

test('test_R23_every_conflict_names_policy_version_and_build', () => {
  const conflicts = seen.flatMap((answer) => answer.conflicts);

  assert.equal(conflicts.length, 13);
  for (const { policy, fallback } of conflicts) {
    assert.notEqual(policy.version, '');
    assert.match(policy.build, /^[0-9a-f]{32}$/);
    assert.equal(fallback, '');
  }
});

test('test_R25_absorbed_ids_lead_to_their_survivor', async () => {
  for (const [absorbed, survivor] of [
    [2, 1],
    [8, 3],
    [10, 4],
    [12, 5],
    [16, 15],
  ]) {
    const found = await at('shop', absorbed);

    assert.equal(found.contact.id, survivor);
    assert.deepEqual(found.forwarded_ids, [absorbed]);
  }
});

test('test_R20_what_the_morning_leaves_open', async () => {
  const open = {};

  for (let id = 1; id <= 18; id++) {
    const { contact } = await at('shop', id);
    if (contact.secondaries.length > 0) open[contact.id] = contact.secondaries.map(offered);
  }
  assert.deepEqual(open, {
    1: ['LAST_NAME Bianchi'],
    3: ['whatsapp +442079460102'],
    7: ['email teresa.g@example.net'],
  });
  assert.equal((await at('shop', 3)).contact.secondaries[0].owner_contact_id, 5);
});

test('test_R15_attributes_of_every_type_come_back', async () => {
  const { contact } = await at('shop', 7);

  assert.equal(attribute(contact, 'NEWSLETTER'), true);
  assert.equal(attribute(contact, 'BOOKS_BOUGHT'), 12);
  assert.equal(attribute(contact, 'CITY'), 'Imola');
});

test('test_R4_test_R5_names_and_reach_at_the_end', async () => {
  const told = {};

  for (const id of [1, 3, 4, 5, 6, 9, 14, 15, 18]) {
    const { contact } = await at('shop', id);
    told[contact.display_name] = contact.reach.map((reach) => short(reach, 'REACH_')).join(' ');
  }
  assert.deepEqual(told, {
    'Mario Rossi': 'EMAIL SMS',
    'Giulia Verdi': 'EMAIL SMS WHATSAPP',
    'Luca Neri': 'EMAIL PUSH',
    'Ada Conti-Ricci': 'EMAIL WHATSAPP',
    'studio@fontana.example': 'EMAIL',
    'Paolo Serra': 'EMAIL',
    Elena: 'EMAIL PUSH',
    'Anonymous contact #15': '',
    'Anonymous contact #18': 'PUSH',
  });
});

test('the example of Rossi and Bianchi', async () => {
  const account = 'rossi-bianchi';
  const [first, second, third] = await play(account, script.slice(0, 3));

  assert.equal(first.contact.id, 1);
  assert.equal(first.contact.contact_class, 'CONTACT_CLASS_IDENTIFIED');
  assert.equal(second.contact.id, 2);
  assert.equal(second.contact.display_name, 'Anonymous contact #2');
  assert.equal(second.totals.contacts_page_total, 1);
  assert.equal(second.totals.home_page_total, 2);
  assert.equal(third.contact.id, 1);
  assert.deepEqual(third.absorbed_contact_ids, [2]);
  assert.equal(third.totals.contacts_page_total, 1);
  assert.equal(third.totals.home_page_total, 1);

  const { contact, forwarded_ids: forwarded } = await at(account, 2);
  assert.equal(contact.id, 1);
  assert.deepEqual(forwarded, [2]);
  assert.deepEqual(names(contact, 'email'), ['rossi@example.it']);
  assert.deepEqual(names(contact, 'chat'), ['v-81']);
  assert.equal(contact.display_name, 'Mario Rossi');
  assert.equal(attribute(contact, 'LAST_NAME'), 'Rossi');
  assert.deepEqual(contact.secondaries.map(offered), ['LAST_NAME Bianchi']);
  assert.equal(contact.secondaries[0].claim.conversation, 't-5');
  assert.equal(contact.secondaries[0].claim.source, 'SOURCE_CONVERSATIONS');
  assert.equal(contact.secondaries[0].policy.id, 'chat_primary');
  assert.deepEqual(contact.lists, ['conversations-engaged']);
});

test('test_N2_an_address_is_found_however_it_is_written', async () => {
  const { answer } = await resolve({
    account: 'shop',
    identifier: { namespace: 'email', value: '  ROSSI@example.IT ' },
  });

  assert.equal(answer.contact.id, 1);
  assert.deepEqual(answer.forwarded_ids, []);
});

test('errors carry their details, and the connection lives on', async () => {
  const wrong = [
    [resolve, { account: 'shop', contact_id: 999 }, 5, 'CONTACT_NOT_FOUND'],
    [resolve, { account: 'shop' }, 3, 'KEY_MISSING'],
    [countContacts, { account: 'Not An Account' }, 3, 'ACCOUNT_INVALID', 'account'],
    [
      identify,
      {
        account: 'shop',
        source: 'SOURCE_CONTACTS',
        identifiers: [
          { namespace: 'chat', value: 'v-1' },
          { namespace: 'email', value: 'nobody' },
        ],
      },
      3,
      'IDENTIFIER_INVALID',
      'identifiers[1].value',
    ],
  ];

  for (const [call, message, code, reason, field] of wrong) {
    const error = await call(message).then(
      () => assert.fail(`${reason} was expected`),
      (rejected) => rejected,
    );

    assert.equal(error.code, code);
    assert.equal(error.info.code, code);
    assert.equal(error.info.message, error.details);
    assert.equal(error.info.type, 'type.googleapis.com/google.rpc.ErrorInfo');
    assert.equal(error.info.domain, 'anagraph');
    assert.equal(error.info.reason, reason);
    if (field !== undefined) assert.equal(error.info.metadata.field, field);
  }
  const { answer } = await countContacts({ account: 'shop' });
  assert.equal(answer.home_page_total, 13);
});

test('every answer names the transaction it saw, which never goes back', () => {
  assert.ok(txns.length >= 2 * script.length);
  for (const [index, txn] of txns.entries()) {
    assert.ok(Number.isSafeInteger(txn) && txn > 0, `answer ${index}: ${txn}`);
    assert.ok(index === 0 || txn >= txns[index - 1]);
  }
});

test('the daemon ends when it is asked to', async () => {
  service.close();
  assert.equal(await daemon.stop(), 0);
});
