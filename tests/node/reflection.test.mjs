// gRPC's server reflection in both its versions: every kind of request, what cannot be
// answered, and a client made of nothing but what reflection told.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

import { startDaemon } from './service.mjs';
import { connectRaw, connectReflection, status } from './tools.mjs';

const IDENTITY = 'anagraph/v1/identity.proto';
const TIMESTAMP = 'google/protobuf/timestamp.proto';
const HEALTH = 'grpc/health/v1/health.proto';
const STREAMS = 64;
const REQUEST_BYTES = 1024 * 1024;

const SERVICES = [
  'anagraph.v1.IdentityService',
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];

// A symbol of each kind, and the file that declares it.
const SYMBOLS = {
  'anagraph.v1.IdentityService': IDENTITY,
  'anagraph.v1.IdentityService.Identify': IDENTITY,
  'anagraph.v1.Contact': IDENTITY,
  'anagraph.v1.Contact.display_name': IDENTITY,
  'anagraph.v1.Attribute.value': IDENTITY,
  'anagraph.v1.Source': IDENTITY,
  'anagraph.v1.SOURCE_PUSH': IDENTITY,
  'google.protobuf.Timestamp': TIMESTAMP,
  'google.protobuf.Timestamp.nanos': TIMESTAMP,
  'grpc.health.v1.Health.Watch': HEALTH,
  'grpc.health.v1.HealthCheckResponse.ServingStatus': HEALTH,
  'grpc.health.v1.HealthCheckResponse.NOT_SERVING': HEALTH,
  'grpc.reflection.v1.ServerReflectionRequest.host': 'grpc/reflection/v1/reflection.proto',
  'grpc.reflection.v1alpha.ExtensionRequest': 'grpc/reflection/v1alpha/reflection.proto',
};

const NO_SYMBOLS = [
  '',
  'anagraph',
  'anagraph.v1',
  'anagraph.v1.',
  '.anagraph.v1.Contact',
  'anagraph.v1.Contac',
  'anagraph.v1.Contactt',
  'anagraph.v1.contact',
  'anagraph.v1.Source.SOURCE_PUSH',
  'anagraph.store.v1.Account',
  'zzz',
];

let daemon;

before(async () => {
  daemon = await startDaemon();
});

async function ask(stream, request) {
  stream.call.write(request);
  const { message } = await stream.next();

  assert.ok(message !== undefined, 'the stream has ended');
  return message;
}

async function expectError(stream, request, code) {
  const answer = await ask(stream, request);

  assert.equal(answer.message_response, 'error_response');
  assert.equal(answer.error_response.error_code, code);
  assert.notEqual(answer.error_response.error_message, '');
}

// The files of an answer as one encoded google.protobuf.FileDescriptorSet.
function descriptorSet(answer) {
  assert.equal(answer.message_response, 'file_descriptor_response');
  return Buffer.concat(
    answer.file_descriptor_response.file_descriptor_proto.flatMap((file) => {
      const prefix = [0x0a];
      let size = file.length;

      for (; size > 0x7f; size >>>= 7) prefix.push((size & 0x7f) | 0x80);
      return [Buffer.from([...prefix, size]), file];
    }),
  );
}

// A descriptor's first field is its name.
const fileNames = (answer) => {
  assert.equal(answer.message_response, 'file_descriptor_response');
  return answer.file_descriptor_response.file_descriptor_proto.map((file) => {
    assert.equal(file[0], 0x0a);
    return file.subarray(2, 2 + file[1]).toString();
  });
};

for (const version of ['v1', 'v1alpha']) {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;

  test(`${version}: services`, async () => {
    const reflection = connectReflection(daemon.target, version);
    const answer = await ask(reflection.open(), { host: 'any.example', list_services: 'whatever' });

    assert.equal(answer.valid_host, 'any.example');
    assert.equal(answer.original_request.host, 'any.example');
    assert.equal(answer.original_request.list_services, 'whatever');
    assert.deepEqual(
      answer.list_services_response.service.map(({ name }) => name),
      SERVICES,
    );
    reflection.close();
  });

  test(`${version}: files come with all that they import`, async () => {
    const reflection = connectReflection(daemon.target, version);
    const stream = reflection.open();
    const named = async (name) => fileNames(await ask(stream, { file_by_filename: name }));

    assert.deepEqual(await named(IDENTITY), [IDENTITY, TIMESTAMP]);
    assert.deepEqual(await named(TIMESTAMP), [TIMESTAMP]);
    assert.deepEqual(await named(HEALTH), [HEALTH]);
    for (const none of ['', 'identity.proto', `/${IDENTITY}`, 'anagraph/store/v1/store.proto'])
      await expectError(stream, { file_by_filename: none }, status.NOT_FOUND);
    reflection.close();
  });

  test(`${version}: symbols of every kind`, async () => {
    const reflection = connectReflection(daemon.target, version);
    const stream = reflection.open();

    for (const [symbol, file] of Object.entries(SYMBOLS)) {
      const answer = await ask(stream, { file_containing_symbol: symbol });

      assert.equal(fileNames(answer)[0], file, symbol);
      assert.equal(answer.original_request.file_containing_symbol, symbol);
    }
    for (const symbol of NO_SYMBOLS) await expectError(stream, { file_containing_symbol: symbol }, status.NOT_FOUND);
    reflection.close();
  });

  test(`${version}: there are no extensions`, async () => {
    const reflection = connectReflection(daemon.target, version);
    const stream = reflection.open();
    const extension = { containing_type: 'anagraph.v1.Contact', extension_number: 100 };

    await expectError(stream, { file_containing_extension: extension }, status.NOT_FOUND);
    await expectError(stream, { all_extension_numbers_of_type: 'anagraph.v1.Contact' }, status.UNIMPLEMENTED);
    await expectError(stream, { host: 'nothing is asked' }, status.INVALID_ARGUMENT);
    await expectError(stream, {}, status.INVALID_ARGUMENT);
    assert.equal((await ask(stream, { list_services: '' })).message_response, 'list_services_response');
    reflection.close();
  });

  test(`${version}: a client made of what is told`, async () => {
    const reflection = connectReflection(daemon.target, version);
    const answer = await ask(reflection.open(), { file_containing_symbol: SERVICES[0] });
    const definition = protoLoader.loadFileDescriptorSetFromBuffer(descriptorSet(answer), {
      keepCase: true,
      defaults: true,
    });
    const { IdentityService } = grpc.loadPackageDefinition(definition).anagraph.v1;
    const client = new IdentityService(daemon.target, grpc.credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
    });
    const counted = await new Promise((resolve, reject) =>
      client.CountContacts({ account: 'shop' }, (error, response) => (error ? reject(error) : resolve(response))),
    );

    assert.equal(Number(counted.home_page_total), 0);
    client.close();
    reflection.close();
  });

  test(`${version}: one answer a request, in order, and then the end`, async () => {
    const reflection = connectReflection(daemon.target, version);
    const stream = reflection.open();
    const symbols = Array.from({ length: 500 }, (_, index) => (index % 3 === 0 ? `none.${index}` : SERVICES[index % 4]));

    for (const symbol of symbols) stream.call.write({ file_containing_symbol: symbol });
    stream.call.end();
    for (const symbol of symbols) {
      const { message } = await stream.next();

      assert.equal(message.original_request.file_containing_symbol, symbol);
      assert.equal(message.message_response, symbol.startsWith('none') ? 'error_response' : 'file_descriptor_response');
    }
    assert.equal((await stream.next()).code, status.OK);
    reflection.close();
  });

  test(`${version}: no request, no answer`, async () => {
    const reflection = connectReflection(daemon.target, version);
    const stream = reflection.open();

    stream.call.end();
    assert.equal((await stream.next()).code, status.OK);
    reflection.close();
  });

  test(`${version}: bytes that are no request end the stream`, async () => {
    const raw = connectRaw(daemon.target);
    const wrong = [
      Buffer.from([0x1a]),
      Buffer.from([0x1a, 0x01, 0xff]),
      Buffer.from([0x18, 0x01]),
      Buffer.from([0x2a, 0x02, 0x08, 0x01]),
      Buffer.from('what do you serve?'),
    ];

    for (const bytes of wrong) {
      const stream = raw.open(path);

      // {list_services: ""} before it is answered all the same.
      stream.call.write(Buffer.from([0x3a, 0x00]));
      assert.ok((await stream.next()).message.length > 0);
      stream.call.write(bytes);
      const end = await stream.next();

      assert.equal(end.code, status.INVALID_ARGUMENT);
      assert.equal(end.info.reason, 'MALFORMED_REQUEST');
    }
    raw.close();
  });

  test(`${version}: the largest request, and one byte more`, async () => {
    const raw = connectRaw(daemon.target);
    const sized = (size) => {
      // host: a tag, four bytes of length or three, and as many letters as remain
      const host = Buffer.alloc(size - 6, 'h');

      return Buffer.concat([
        Buffer.from([0x0a, (host.length & 0x7f) | 0x80, ((host.length >> 7) & 0x7f) | 0x80, host.length >> 14]),
        host,
        Buffer.from([0x3a, 0x00]),
      ]);
    };
    const largest = raw.open(path);
    const larger = raw.open(path);

    assert.equal(sized(REQUEST_BYTES).length, REQUEST_BYTES);
    largest.call.write(sized(REQUEST_BYTES));
    assert.ok((await largest.next()).message.length > 2 * REQUEST_BYTES - 6);
    larger.call.write(sized(REQUEST_BYTES + 1));
    assert.equal((await larger.next()).code, status.RESOURCE_EXHAUSTED);
    raw.close();
  });

  test(`${version}: ${STREAMS} streams, and not one more until one ends`, async () => {
    const own = await startDaemon();
    const reflection = connectReflection(own.target, version);
    const streams = Array.from({ length: STREAMS }, () => reflection.open());
    const refused = async (stream) => {
      const end = await stream.next();

      assert.equal(end.code, status.UNAVAILABLE);
      assert.equal(end.info.reason, 'OVERLOADED');
    };

    for (const stream of streams) await ask(stream, { list_services: '' });
    await refused(reflection.open());
    streams[0].call.end();
    assert.equal((await streams[0].next()).code, status.OK);
    // The daemon is done with it in its own time.
    for (;;) {
      const stream = reflection.open();

      stream.call.write({ list_services: '' });
      const first = await stream.next();
      if (first.message !== undefined) break;
      assert.equal(first.info.reason, 'OVERLOADED');
    }
    await refused(reflection.open());
    reflection.close();
    assert.equal(await own.stop(), 0);
  });
}

after(async () => {
  assert.equal(await daemon.stop(), 0);
});
