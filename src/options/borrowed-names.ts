/**
 * Owns which settings of neighbours mean one of our options: those of Spring Cloud Alibaba, the variables of EDAS and MSE, of the
 * Python original and of the Java client. Data for `borrowed.ts`, docs/migration.md (a test compares both) and nothing else.
 */

/** How a neighbour writes a value that we write in another way; undefined: it says nothing for us. */
export type Conversion = (text: string) => string | undefined;

export interface BorrowedName {
  /** Dotted for keys of Spring, otherwise a variable. */
  readonly name: string;
  /** Path of the row that gets the value. */
  readonly path: string;
  readonly convert?: Conversion;
}

const MS_PER_SECOND = 1000;
const BITS_PER_OCTET = 8;

const seconds: Conversion = (text) => {
  const ms = Number(text);
  return Number.isFinite(ms) ? String(ms / MS_PER_SECOND) : text;
};
const opposite: Conversion = (text) => {
  const word = text.trim().toLowerCase();
  return word === 'true' ? 'false' : word === 'false' ? 'true' : text;
};
/** -1 is Spring's word for "the port that the server has". */
const portIfGiven: Conversion = (text) => (text.trim() === '-1' ? undefined : text);
/** Of a list, each entry. `192.168` begins an address, and so does `10\\..*`; what else a regular expression can say is not ours. */
const network: Conversion = (text) => {
  const prefix = /^((\d{1,3}\.){0,2}\d{1,3})\.?$/.exec(
    text.replace(/\\?\.\*$/, '').replaceAll('\\.', '.'),
  );
  if (prefix === null) return text;
  const octets = (prefix[1] ?? '').split('.');
  return `${[...octets, '0', '0', '0'].slice(0, 4).join('.')}/${String(octets.length * BITS_PER_OCTET)}`;
};
const interfaceName: Conversion = (text) => text.replaceAll('.*', '*');
/** Java leaves the name of the default namespace empty. */
const namespace: Conversion = (text) => (text === '' ? 'public' : text);

const DISCOVERY = 'spring.cloud.nacos.discovery';

/** Of several names for one option the first that is given counts. */
export const SPRING_NAMES: readonly BorrowedName[] = [
  { name: `${DISCOVERY}.server-addr`, path: 'server' },
  { name: 'spring.cloud.nacos.server-addr', path: 'server' },
  { name: `${DISCOVERY}.namespace`, path: 'namespace', convert: namespace },
  { name: `${DISCOVERY}.username`, path: 'username' },
  { name: 'spring.cloud.nacos.username', path: 'username' },
  { name: `${DISCOVERY}.password`, path: 'password' },
  { name: 'spring.cloud.nacos.password', path: 'password' },
  { name: `${DISCOVERY}.access-key`, path: 'access_key' },
  { name: `${DISCOVERY}.secret-key`, path: 'secret_key' },
  { name: `${DISCOVERY}.endpoint`, path: 'endpoint' },
  { name: `${DISCOVERY}.service`, path: 'service.name' },
  { name: 'spring.application.name', path: 'service.name' },
  { name: `${DISCOVERY}.group`, path: 'service.group' },
  { name: `${DISCOVERY}.cluster-name`, path: 'service.cluster' },
  { name: `${DISCOVERY}.weight`, path: 'service.weight' },
  { name: `${DISCOVERY}.metadata`, path: 'service.metadata' },
  { name: `${DISCOVERY}.ip`, path: 'service.ip' },
  { name: `${DISCOVERY}.port`, path: 'service.port', convert: portIfGiven },
  { name: `${DISCOVERY}.network-interface`, path: 'network.prefer' },
  { name: `${DISCOVERY}.ip-type`, path: 'network.family' },
  { name: 'spring.cloud.inetutils.preferred-networks', path: 'network.prefer', convert: network },
  {
    name: 'spring.cloud.inetutils.ignored-interfaces',
    path: 'network.ignore',
    convert: interfaceName,
  },
  { name: `${DISCOVERY}.register-enabled`, path: 'registration.auto_register' },
  {
    name: `${DISCOVERY}.instance-enabled`,
    path: 'readiness.register_disabled',
    convert: opposite,
  },
  { name: `${DISCOVERY}.fail-fast`, path: 'registration.fail_fast' },
  {
    name: `${DISCOVERY}.graceful-shutdown-wait-time`,
    path: 'shutdown.quiet_time',
    convert: seconds,
  },
  { name: `${DISCOVERY}.naming-push-empty-protection`, path: 'discovery.empty_protection' },
];

export const VARIABLE_NAMES: readonly BorrowedName[] = [
  { name: 'ALIBABA_ALIWARE_NAMESPACE', path: 'namespace', convert: namespace },
  { name: 'ALIBABA_NACOS_NAMESPACE', path: 'namespace', convert: namespace },
  { name: 'ALIBABA_ALIWARE_ENDPOINT_URL', path: 'endpoint' },
  { name: 'EDAS_ADDRESS_SERVER_DOMAIN', path: 'endpoint' },
  { name: 'spas_accessKey', path: 'access_key' },
  { name: 'spas_secretKey', path: 'secret_key' },
  { name: 'ALIBABA_ACCESS_KEY', path: 'access_key' },
  { name: 'ALIBABA_SECRET_KEY', path: 'secret_key' },
  { name: 'ALIBABA_CLOUD_ACCESS_KEY_ID', path: 'access_key' },
  { name: 'ALIBABA_CLOUD_ACCESS_KEY_SECRET', path: 'secret_key' },
  { name: 'NACOS_ENABLE_EMPTY_PROTECTION', path: 'discovery.empty_protection' },
];

/** Variables that complete the one before: its port, when that has none. */
export const ENDPOINT_PORTS: Readonly<Record<string, string>> = {
  ALIBABA_ALIWARE_ENDPOINT_URL: 'ALIBABA_ALIWARE_ENDPOINT_PORT',
  EDAS_ADDRESS_SERVER_DOMAIN: 'EDAS_ADDRESS_SERVER_PORT',
};
