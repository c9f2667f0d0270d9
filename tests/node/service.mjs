// A caller that has nothing but the .proto: the daemon as a process of its own, its
// calls as promises, and errors with the details that they carry.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const daemonPath = process.env.ANAGRAPHD ?? join(root, 'build/server/anagraphd');
const policyDir = process.env.ANAGRAPH_POLICY_DIR ?? join(root, 'build/plugins');
const protoDir = process.env.ANAGRAPH_PROTO_DIR ?? join(root, 'proto');

export const morningPath = join(root, 'client/tour/morning.jsonl');

// The wire form of what stands in grpc-status-details-bin.
const details = protoLoader.fromJSON(
  {
    nested: {
      Any: { fields: { type_url: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
      Status: {
        fields: {
          code: { type: 'int32', id: 1 },
          message: { type: 'string', id: 2 },
          details: { rule: 'repeated', type: 'Any', id: 3 },
        },
      },
      ErrorInfo: {
        fields: {
          reason: { type: 'string', id: 1 },
          domain: { type: 'string', id: 2 },
          metadata: { keyType: 'string', type: 'string', id: 3 },
        },
      },
    },
  },
  { keepCase: true, defaults: true },
);

// Starts a daemon on a free port, with a store that ends with it. The environment is
// "NAME=value" for the daemon alone; what else its command line says comes first.
export async function startDaemon(environment = [], more = []) {
  const directory = mkdtempSync(join(process.env.ANAGRAPH_TEST_DIR ?? tmpdir(), 'anagraph-node-'));
  const settings = ['--policy-deadline-ms', '10000', ...more, '--listen', '127.0.0.1:0', '--data-dir', join(directory, 'store'), '--policy-dir', policyDir];
  // However this process ends, the daemon ends with it.
  const daemon = spawn('setpriv', ['--pdeathsig', 'KILL', 'env', ...environment, daemonPath, ...settings], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve, reject) => {
    daemon.once('error', reject);
    daemon.once('close', (code, signal) => resolve(signal ?? code));
  });
  let prose = '';

  process.once('exit', () => {
    daemon.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  daemon.stderr.on('data', (text) => (prose += text));
  const line = await Promise.race([
    new Promise((resolve) => createInterface(daemon.stdout).once('line', resolve)),
    ended.then((status) => `ended with ${status}`),
  ]);
  if (!line.startsWith('ready on ')) throw new Error(`${daemonPath}: ${line}\n${prose}`);
  return {
    target: line.slice('ready on '.length),
    ended,
    // Asks it to end: its exit status, or the name of the signal that ended it.
    stop() {
      daemon.kill('SIGTERM');
      return ended;
    },
  };
}

// What an error, or the status that a stream ends with, says besides its code.
export function decode(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');

  if (bytes === undefined) return undefined;
  const status = details.Status.deserialize(bytes);
  const [any] = status.details;
  const info = details.ErrorInfo.deserialize(any.value);
  return { code: status.code, message: status.message, type: any.type_url, ...info };
}

// Gives the service's calls as functions of the request. Each resolves to {answer, txn},
// or rejects with gRPC's error, to which `info` is added.
export function connect(target, credentials = grpc.credentials.createInsecure()) {
  const definition = protoLoader.loadSync('anagraph/v1/identity.proto', {
    includeDirs: [protoDir],
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const { IdentityService } = grpc.loadPackageDefinition(definition).anagraph.v1;
  const client = new IdentityService(target, credentials, {
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  const call = (method) => (request) =>
    new Promise((resolve, reject) => {
      let answer;
      const pending = client[method](request, (error, response) => {
        if (error) reject(Object.assign(error, { info: decode(error) }));
        else answer = response;
      });

      pending.on('status', (status) => {
        const [txn] = status.metadata.get('anagraph-txn');

        resolve({ answer, txn: txn === undefined ? undefined : Number(txn) });
      });
    });

  return {
    identify: call('Identify'),
    resolve: call('Resolve'),
    countContacts: call('CountContacts'),
    batchResolve: call('BatchResolve'),
    listContacts: call('ListContacts'),
    explain: call('Explain'),
    promoteSecondary: call('PromoteSecondary'),
    dismissSecondary: call('DismissSecondary'),
    mergeContacts: call('MergeContacts'),
    eraseContact: call('EraseContact'),
    // The call itself, of gRPC's client: events are written to it, answers come as data.
    identifyStream: () => client.IdentifyStream(),
    close: () => client.close(),
  };
}

// A time of the events as google.protobuf.Timestamp.
function timestamp(text) {
  const milliseconds = Date.parse(text);
  const seconds = Math.floor(milliseconds / 1000);

  return { seconds, nanos: (milliseconds - seconds * 1000) * 1e6 };
}

// An event of the tour as a request of an account.
export function request(account, event) {
  return { ...event, account, observed_at: timestamp(event.observed_at) };
}
