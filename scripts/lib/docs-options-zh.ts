/**
 * Owns what each option is called in Chinese: every text of the table of options, by the English text it says again. A text that is new or
 * has changed has no entry, and chinese() then says so; test/unit/options/docs.test.ts finds entries that nobody needs. Called by
 * docs-configuration-zh.ts. Data, and pure.
 */

/** The Chinese for an English text of the table. */
export function chinese(english: string): string {
  const text = SENTENCES[english];
  if (text === undefined)
    throw new RangeError(`scripts/lib/docs-options-zh.ts has no Chinese for: ${english}`);
  return text;
}

export const SENTENCES: Readonly<Record<string, string>> = {
  // What many rows say.
  '**Live.**': '**可动态修改。**',
  s: '秒',
  'MIN to MAX': 'MIN 到 MAX',
  'MIN to MAX, or auto': 'MIN 到 MAX，或 auto',
  none: '无',
  nothing: '无',
  detected: '自动探测',
  text: '文本',
  'see below': '见下文',
  'no login': '不登录',
  'a path that starts with /': '以 / 开头的路径',
  'a path that starts with /, without query': '以 / 开头的路径，不带查询串',
  'a path; a relative one starts at the working directory': '路径；相对路径从工作目录算起',
  'IPv4, IPv6 or host name, or auto': 'IPv4、IPv6 或主机名，或 auto',
  '1 to 1024 characters': '1 到 1024 个字符',
  '1 to 64 letters, digits, . _ and -': '1 到 64 个字母、数字、. _ 和 -',
  '`key=value` per flag, `k=v,k2=v2` in the variable, a map in files; at most MAX characters':
    '每个参数一个 `key=value`，环境变量中为 `k=v,k2=v2`，文件中为映射；最多 MAX 个字符',
  'names of interfaces (* for any characters), addresses, or networks like 10.0.0.0/8 and 2001:db8::/32':
    '网卡名（* 代表任意字符）、地址，或 10.0.0.0/8、2001:db8::/32 这样的网段',

  'host:port, several with commas; a port from 1 to 64535, else 8848; IPv6 in brackets; http:// or https:// in front, a context path and ?grpcPort=PORT behind if need be':
    'host:port，多个用逗号分隔；端口为 1 到 64535，不写则为 8848；IPv6 用方括号；前面可以有 http:// 或 https://，后面需要时可以有 context path 和 ?grpcPort=PORT',

  // rows/identity.ts
  'Nacos servers, as host:port,host:port; a host without port means 8848.':
    'Nacos 服务器，写作 host:port,host:port；没有端口的主机表示 8848。',
  'Namespace id. Services of other namespaces are not seen.':
    '命名空间 id。看不到其他命名空间的服务。',
  '1 to 64 letters, digits, - and _': '1 到 64 个字母、数字、- 和 _',
  'User to log in to Nacos as.': '登录 Nacos 的用户。',
  '1 to 256 characters without white space': '1 到 256 个非空白字符',
  'Password of that user. A flag can be seen in the list of processes: rather use the variable.':
    '该用户的密码。命令行参数会出现在进程列表里：请改用环境变量。',
  'Name under which this process is registered.': '本进程注册所用的名称。',
  'name of package.json without its scope, else the name of the folder':
    'package.json 的名称去掉 scope，否则为目录名',
  '1 to 512 characters without white space, CJK characters, "@@" or "@" in front':
    '1 到 512 个字符，不含空白、中日韩文字、"@@"，不以 "@" 开头',
  'Address under which others reach this process.': '别人访问本进程所用的地址。',
  'Port under which others reach this process.': '别人访问本进程所用的端口。',
  'the port really bound': '实际绑定的端口',
  'Address that is registered instead of a detected one; service.ip goes before it.':
    '代替探测结果注册的地址；service.ip 优先于它。',
  'the address of the server': '服务器的地址',
  'Port that is registered, such as the one a container publishes; which server it is, service.port says.':
    '注册的端口，例如容器发布的端口；是哪个服务器由 service.port 指定。',
  'the port of the server': '服务器的端口',
  'Group of the service, for registration and for calls by name.':
    '服务的分组，用于注册和按服务名的调用。',
  '1 to 128 letters, digits, - _ : and .': '1 到 128 个字母、数字、- _ : 和 .',
  'Cluster of this instance inside its service.': '本实例在其服务中的集群。',
  '1 to 64 letters, digits and -': '1 到 64 个字母、数字和 -',
  'Share of traffic against the other instances; 0 takes none.':
    '相对其他实例的流量份额；0 表示不接流量。',
  'Labels of this instance; repeatable. Layers are joined key by key.':
    '本实例的标签；可重复给出。各层逐键合并。',
  'Interfaces or networks to take the address from, like eth1, en*, 10.0.0.0/8; the first that fits wins.':
    '从哪些网卡或网段取地址，如 eth1、en*、10.0.0.0/8；第一个符合的优先。',
  'Interfaces or networks never to take the address from.': '绝不从哪些网卡或网段取地址。',
  'those of containers, virtual machines and VPNs only where they lead to Nacos':
    '容器、虚拟机和 VPN 的网络只在通往 Nacos 时才用',
  'Kind of address to register; auto takes IPv4 where there is one and adds the IPv6 as metadata IPv6.':
    '注册哪种地址；auto 在有 IPv4 时采用它，并把 IPv6 写入元数据 IPv6。',

  // rows/connection.ts
  'Address server that lists the Nacos servers: host, host:port or URL. It goes before nacos.server; port 8080 and path /nacos/serverlist unless they are given.':
    '列出 Nacos 服务器的地址服务器：主机、host:port 或 URL。优先于 nacos.server；不给时端口为 8080、路径为 /nacos/serverlist。',
  'the servers of nacos.server': 'nacos.server 的服务器',
  'a host, host:port or URL, without user and password': '主机、host:port 或 URL，不带用户和密码',
  'Time between two looks at the list of the address server.': '两次查看地址服务器列表的间隔。',
  'Path in front of the HTTP API of the servers (login, lists of configs); / for none. A path behind a server goes before it.':
    '服务器 HTTP API（登录、配置列表）之前的路径；/ 表示没有。写在服务器后面的路径优先于它。',
  'What is added to the port of a server for its gRPC port, unless ?grpcPort= stands behind the server.':
    '服务器的端口加上它就是 gRPC 端口，除非服务器后面写有 ?grpcPort=。',
  'File that holds the password, such as a mounted secret; read again at each login.':
    '保存密码的文件，例如挂载的 Secret；每次登录时重新读取。',
  'nacos.password': 'nacos.password',
  'Access key that requests are signed with (RAM); needs secret_key.':
    '给请求签名的 access key（RAM）；需要 secret_key。',
  'requests are not signed': '请求不签名',
  '1 to 1024 visible ASCII characters': '1 到 1024 个可见 ASCII 字符',
  'File that holds the access key; read again when it changes.':
    '保存 access key 的文件；变化时重新读取。',
  'nacos.access_key': 'nacos.access_key',
  'Secret of that access key. It is never sent.': '该 access key 的 secret。它从不发送。',
  'File that holds the secret key; read again when it changes.':
    '保存 secret key 的文件；变化时重新读取。',
  'nacos.secret_key': 'nacos.secret_key',
  'Region, like cn-hangzhou: requests are signed by version 4 with a key made for it.':
    '地域，如 cn-hangzhou：请求用为它生成的密钥按版本 4 签名。',
  'signatures of version 1': '版本 1 的签名',
  'Temporary keys as the JSON document of STS, in place of access_key and secret_key.':
    '临时密钥，即 STS 的 JSON 文档，代替 access_key 和 secret_key。',
  'a JSON object with AccessKeyId, AccessKeySecret and SecurityToken':
    '含有 AccessKeyId、AccessKeySecret 和 SecurityToken 的 JSON 对象',
  'File that holds such a document; read again when it changes, and 3 min before the keys end.':
    '保存这种文档的文件；变化时以及密钥到期前 3 分钟重新读取。',
  'URL that answers with such a document; asked again 3 min before the keys end.':
    '返回这种文档的 URL；密钥到期前 3 分钟再次询问。',
  'a URL with http or https, without user and password': 'http 或 https 的 URL，不带用户和密码',
  'Role of this machine: temporary keys come from the metadata service of Alibaba Cloud.':
    '本机的角色：临时密钥来自阿里云的元数据服务。',
  'Speak gRPC to Nacos by TLS. HTTP goes by TLS when the server is written with https://.':
    '与 Nacos 的 gRPC 使用 TLS。服务器写成 https:// 时 HTTP 使用 TLS。',
  'on for servers with https://, and for all with any other tls option':
    '对写成 https:// 的服务器开启；给出任何其他 tls 选项时对全部开启',
  'Certificates (PEM) of the authorities that may vouch for the servers, instead of those of Node.':
    '可以为服务器担保的颁发机构的证书（PEM），取代 Node 的。',
  'the authorities that Node trusts': 'Node 信任的颁发机构',
  'Our certificate with its chain (PEM), for servers that ask for one; needs tls.key_file.':
    '我们的证书及其证书链（PEM），用于要求客户端证书的服务器；需要 tls.key_file。',
  'no client certificate': '没有客户端证书',
  'Private key (PEM) of that certificate.': '该证书的私钥（PEM）。',
  'Passphrase of that key.': '该私钥的口令。',
  'the key is not encrypted': '私钥未加密',
  'File that holds the passphrase of that key.': '保存该私钥口令的文件。',
  'tls.key_passphrase': 'tls.key_passphrase',
  'Name that the certificate of the servers has to be made out to.':
    '服务器的证书必须签发给的名称。',
  'the host of the server': '服务器的主机名',
  'a host name': '主机名',
  'Take any certificate of the servers. Whoever sits in between can then read and change everything: for tests only.':
    '接受服务器的任何证书。处在中间的人因此可以读取和修改一切：仅供测试。',

  // rows/registration.ts
  'Register the server of this process once it listens. Off: calls by name still work.':
    '本进程的服务器一开始监听就注册。关闭后按服务名的调用仍可用。',
  'Register as soon as the server listens and is ready.': '服务器监听并就绪后立即注册。',
  'true, unless register_on_request is on': 'true，除非开启了 register_on_request',
  'Register with the first request that any server of this process gets; the request does not wait.':
    '在本进程任何一个服务器收到第一个请求时注册；该请求不等待。',
  'Attempts after the first one until a failed registration is reported as an error; it goes on after that.':
    '第一次之后再尝试多少次，注册失败才报告为错误；之后仍会继续。',
  'Time between these attempts; later ones come with a growing pause of 5 s at most.':
    '这些尝试之间的间隔；更后面的间隔逐渐增长，最多 5 秒。',
  'End the process with exit code 1 when the attempts of retry_times have failed.':
    'retry_times 的尝试都失败后，以退出码 1 结束进程。',
  'Write to stderr which names, addresses and ports were looked at, and why each was kept or dropped.':
    '把查看过的名称、地址和端口，以及各自被采用或舍弃的原因写到 stderr。',
  'Path of the app that has to answer with a 2xx status before the instance takes traffic.':
    '应用的路径，必须应答 2xx 状态码，实例才接流量。',
  'no probe': '不探测',
  'Time between two probes of readiness.path until the first good answer.':
    '第一次得到正确应答之前，两次探测 readiness.path 的间隔。',
  'Time to wait after the server listens, before anything else of the readiness counts.':
    '服务器开始监听后先等待的时间，之后就绪的其他条件才算数。',
  'Register at once but disabled, and enable the instance when it is ready.':
    '立即注册但处于禁用状态，就绪后再启用实例。',
  'Path of the registered server on which this package answers with its readiness.':
    '所注册服务器上的路径，由本包应答其就绪状态。',
  'no route': '没有路由',
  'Port of a server of its own for the same answer; 0 takes any free port.':
    '给出同样应答的独立服务器的端口；0 表示任意空闲端口。',
  'no server': '没有服务器',
  'Let nacos-serving status, up, down, weight and metadata of the same user reach this process.':
    '允许同一用户的 nacos-serving status、up、down、weight 和 metadata 访问本进程。',

  // rows/discovery.ts
  'Keep the last usable instances for a while when the server suddenly lists none.':
    '服务器突然一个实例也不列出时，暂时保留最后可用的实例。',
  'The most that a list without usable instances is not believed.':
    '没有可用实例的列表最多多久不采信。',
  'Services by name or pattern (`*.internal`), with what is set for each; a name with dots is a service only when it is here.':
    '按名称或模式（`*.internal`）写出的服务，以及各自的设置；带点的名称只有写在这里才是服务。',
  'names and patterns with commas, or JSON; a map in files and code: group, clusters, instances, address, routes, and most of the rows below':
    '名称和模式，用逗号分隔，或 JSON；文件和代码中为映射：group、clusters、instances、address、routes，以及下面大多数行',
  'How calls are spread over the instances of a service.': '调用怎样分配到一个服务的各个实例。',
  'What `consistent-hash` tells calls apart by.': '`consistent-hash` 用什么区分调用。',
  'the path of the call': '调用的路径',
  'path, or header:NAME, cookie:NAME or query:NAME':
    'path，或 header:NAME、cookie:NAME、query:NAME',
  'Call instances of the own `service.cluster` as long as one of them can be called.':
    '只要自己的 `service.cluster` 里还有可调用的实例，就调用它们。',
  'The own zone: instances whose metadata has the same `zone` are called first.':
    '自己的可用区：先调用元数据里 `zone` 相同的实例。',
  'zone of service.metadata': 'service.metadata 的 zone',
  'How long a new instance takes to its full share of the calls; 0: it has it at once.':
    '新实例用多久达到全部调用份额；0：立即达到。',
  'How many instances of a larger service this process calls; 0: all.':
    '对更大的服务，本进程调用多少个实例；0：全部。',
  'The most that the first call of a service waits for its list.':
    '一个服务的第一次调用最多等待其列表多久。',
  'The most that a call by name may take until its response begins, with all attempts; 0: no bound of ours.':
    '按服务名的调用到响应开始最多用时多久，包括所有尝试；0：我们不加限制。',
  'Further attempts of an idempotent call of which something may have been sent.':
    '可能已发送一些内容的幂等调用，再尝试多少次。',
  'Statuses of responses that are tried again, like 503.': '要再次尝试的响应状态码，如 503。',
  'statuses from 100 to 599': '100 到 599 的状态码',
  'The most that further attempts may add to the calls of a service, as a share.':
    '后续尝试最多给一个服务的调用增加多大比例。',
  'Leave instances out for a while when calls to them fail.':
    '对实例的调用失败时，把它们排除一段时间。',
  'Failed connections in a row that eject an instance.': '连续多少次连接失败就剔除实例。',
  'How long the first ejection lasts; each further one lasts longer, up to 6 times this.':
    '第一次剔除的时长；以后每次更长，最多为它的 6 倍。',
  'The most of a service that may be ejected at once.': '一个服务同时最多剔除多大比例。',
  'Share of failed calls (broken, or statuses 502, 503 and 504) that ejects an instance; 0: none does.':
    '失败的调用（断开，或状态码 502、503 和 504）达到多大比例就剔除实例；0：不剔除。',
  'A call that takes longer counts as failed for the ejection; 0: none does.':
    '耗时更长的调用在剔除时算作失败；0：不算。',
  'Headers of the request that is being served which calls by name hand on, also as W3C baggage.':
    '按服务名的调用会继续传递正在处理的请求的哪些请求头，也作为 W3C baggage 传递。',
  'names of headers, none of those that frame a message': '请求头的名称，不能是构成消息框架的那些',
  'End the subscription of a service that nobody has called for so long; the next call brings it back. 0: never.':
    '一个服务这么久没有人调用，就结束它的订阅；下一次调用会恢复。0：从不。',
  'Keep the last instances of called services, and the configs of `config.import` and `config.watch`, on disk, for a start while Nacos cannot be reached.':
    '把被调用服务最后的实例，以及 `config.import` 和 `config.watch` 的配置保存在磁盘上，供连不上 Nacos 时启动使用。',
  'Folder of the disk cache; processes may share it.': '磁盘缓存的目录；多个进程可以共用。',
  '$XDG_CACHE_HOME/nacos-serving, else ~/.cache/nacos-serving':
    '$XDG_CACHE_HOME/nacos-serving，否则 ~/.cache/nacos-serving',
  "Folder with an operator's lists, GROUP@@SERVICE.json or SERVICE.json, and configs, NAMESPACE/GROUP/DATAID: while there is one, it counts instead of Nacos.":
    '存放运维人员的列表（GROUP@@SERVICE.json 或 SERVICE.json）和配置（NAMESPACE/GROUP/DATAID）的目录：文件在时以它代替 Nacos。',

  // rows/config.ts
  'Configs whose values `nacos-serving run` gives the app as environment variables: `app.yaml?group=orders`, `optional:more.json`; later ones count more, and what the environment has already wins.':
    '`nacos-serving run` 把哪些配置的值作为环境变量交给应用：`app.yaml?group=orders`、`optional:more.json`；后面的优先于前面的，环境里已有的最优先。',
  'data ids like app.yaml?group=orders or optional:app.yaml':
    'data id，如 app.yaml?group=orders 或 optional:app.yaml',
  'The most that the start of the app waits for these configs.': '应用启动时最多等待这些配置多久。',
  'Config that changes these options at run time, where that is safe: `nacos-serving.yaml?group=orders`; see runtime-changes.md.':
    '在运行时修改这些选项的配置，只限可以安全修改的：`nacos-serving.yaml?group=orders`；见 runtime-changes.md。',
  'a data id like nacos-serving.yaml?group=orders': 'data id，如 nacos-serving.yaml?group=orders',

  // rows/behaviour.ts and rows/telemetry.ts
  'Time between two probes of the idle connection to Nacos.': '两次探测与 Nacos 的空闲连接的间隔。',
  'Time a probe may take before the connection counts as broken.':
    '一次探测最多用时多久，超过则视为连接已断。',
  'On SIGTERM and SIGINT: leave the registry first, wait, drain, and end as without us.':
    '收到 SIGTERM 和 SIGINT 时：先从注册中心下线，等待，排空，然后像没有我们时一样结束。',
  'Bound of the whole shutdown.': '整个停机过程的时限。',
  'Take the instance out at the end. Off: the server drops it when the connection is gone.':
    '结束时移除实例。关闭：连接消失后由服务器移除。',
  'Go on serving this long after leaving the registry, until callers know; inside the timeout.':
    '从注册中心下线后继续服务这么久，让调用方得到消息；包含在时限之内。',
  'Lowest level that is written.': '写出的最低级别。',
  'info under the command line, else warn': '使用命令行时为 info，否则为 warn',
  'Append the log to this file.': '把日志追加到这个文件。',
  stderr: 'stderr',
  'Path of the metrics for Prometheus: on health.port when that is given, else on the registered server.':
    '供 Prometheus 抓取的指标的路径：给出 health.port 时在该端口上，否则在所注册的服务器上。',
  'no metrics': '没有指标',
  'Give metrics and spans to the OpenTelemetry SDK that the app has set up.':
    '把指标和 span 交给应用自己配置的 OpenTelemetry SDK。',
};
