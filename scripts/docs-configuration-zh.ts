/**
 * Owns the text of docs/zh-CN/configuration.md: what docs-configuration.ts says, in Chinese, from the same table. Called by
 * test/unit/options/docs.test.ts, which fails when the page is stale; `npx vitest run test/unit/options/docs.test.ts -u` writes it.
 */
import { COMMANDS } from '../src/cli/args.js';
import { CLI_VARIABLE } from '../src/options/env.js';
import { SERVERS_ALLOWED } from '../src/options/server-list.js';
import { code, codeKeys, optionLines, timeoutInCode } from './lib/docs-options.js';
import { chinese } from './lib/docs-options-zh.js';

export function chineseConfigurationPage(): string {
  return `# 配置选项

<!-- Generated from src/options/schema.ts by scripts/docs-configuration-zh.ts; do not edit.
     Write it anew: npx vitest run test/unit/options/docs.test.ts -u -->

每个选项都可以写在代码里、作为命令行参数、作为环境变量或写在文件里。越靠左的越优先：

    代码 > 命令行 > 环境变量 > 配置中心 > 文件 > 默认值

代码中的 \`undefined\`、空的环境变量和文件中空的键表示*未给出*；\`0\`、\`''\` 和 \`false\` 是值。每一层的每个值都会检查，被更高一层遮盖的也一样。元数据是唯一会合并的选项：逐键合并，同一个键以更高一层为准。

配置中心是 \`config.watch\` 指定的配置，它只能设置标有**可动态修改**的选项：这些选项在进程运行时变化，无需重启（[runtime-changes.md](runtime-changes.md#options-from-config-center)）。其他选项只在启动时读取一次。

## 选项

| 文件中的键 | 命令行参数 | 环境变量 | 默认值 | 允许的值 | 作用 |
|---|---|---|---|---|---|
${optionLines(chinese)}

布尔值写作 \`--x\`、\`--no-x\` 和 \`--x=false\`；环境变量和文件里还可以用 yes/no、on/off 和 1/0。时间以秒为单位，可以有小数；代码中以毫秒为单位，键以 \`Ms\` 结尾。日志级别可以大写；\`warning\` 和 \`critical\` 读作 \`warn\` 和 \`error\`。

在代码中，同样的选项是一个按领域划分的对象：

\`\`\`ts
{ server: '10.0.0.1:8848,10.0.0.2', service: { name: 'orders' }, shutdown: { ${timeoutInCode()}: 5000 } }
\`\`\`

代码中的键：${codeKeys().map(code).join('、')}。

## 文件

工作目录中 \`nacos.yaml\`、\`nacos.yml\` 和 \`nacos.json\` 里的第一个算数；都没有时，用 \`package.json\` 的键 \`nacos\`。各领域写在根上或 \`nacos\` 之下；键可以用 snake_case 或 camelCase。

\`\`\`yaml
nacos:
  server: 127.0.0.1:8848
  namespace: public
service:
  name: orders
  metadata:
    version: 1.10 # 读作文本 "1.10"
shutdown:
  quiet_time: 2
\`\`\`

未知的键是错误，并指出行、列和最接近的名称。给出两次的键也是错误。

编辑器可以借助包里的 JSON Schema 补全键名并标出错误；文件的第一行指明它：

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/nacos-serving/schema/nacos.schema.json
\`\`\`

路径从该文件算起。带应用的示例在 \`examples/nacos-yaml/app\`。

## 服务器何时注册

| auto_register | register_on_startup | register_on_request | |
|---|---|---|---|
| 开 | 未给出 | 关 | 一监听并就绪就注册；这是默认情况 |
| 开 | 未给出 | 开 | 在进程的任何一个服务器收到第一个请求时 |
| 开 | 开，明确给出 | 开或关 | 一监听并就绪就注册 |
| 开 | 关 | 开 | 在第一个请求时 |
| 开 | 关 | 关 | 从不自动注册 |
| 关 | 任意 | 任意 | 从不自动注册；按服务名的调用照常可用 |

代码自己注册的（\`registerServer\`、框架的插件），不论 \`auto_register\` 怎么设置都会注册。

## 登录、密钥与 TLS

\`username\` 需要 \`password\` 或 \`password_file\`，反之亦然；\`access_key\` 需要 \`secret_key\`，各为文本或文件。机密不会显示在任何地方，日志和错误里没有，\`--print-config\` 也不显示。服务器地址前面的用户（\`http://me:secret@host\`）会被拒绝。[security.md](security.md) 说明哪种凭证用于什么、怎样更新，以及怎样设置 TLS。

最好用只有应用的用户可以读取的文件（\`NACOS_PASSWORD_FILE\`、\`NACOS_SECRET_KEY_FILE\`），其次是环境变量。命令行参数会出现在进程列表里，机器上的每个用户都可以读取，只要 \`nacos-serving\` 还在运行：在 Node 22.15 及更高版本上，直到应用取代它的位置；在其他情况下，与应用的存活时间一样长。参数在 \`${CLI_VARIABLE}\` 里到达应用，其中的机密也照原样。进程的环境变量只有它自己的用户和 root 可以读取，但应用启动的每个进程都会继承它们。

## 服务器

\`server\` 是 ${chinese(SERVERS_ALLOWED)}。

\`\`\`
10.0.0.1:8848,10.0.0.2            两个服务器；gRPC 在 9848
https://nacos.example.com:443     HTTP 和 gRPC 使用 TLS
[fd00::1]:8848/registry           与 context_path 不同的路径
nacos:80?grpcPort=9000            端口自定的网关
\`\`\`

HTTP 用于登录和配置列表，其余都用 gRPC。gRPC 的端口是主端口 + \`grpc_port_offset\`，除非服务器写有 \`?grpcPort=\`。给出 \`endpoint\` 时，列表来自地址服务器：\`nacos.example.com\` 表示 \`http://nacos.example.com:8080/nacos/serverlist\`，命名空间不是 public 时带 \`?namespace=\`。它每行返回一个 \`host:port\`。每隔 \`endpoint_refresh\` 再次查看列表；与仍在列表中的服务器的连接保留，得不到列表时使用上一次的。

## 自动探测的值

\`service.name\`、\`service.ip\` 和 \`service.port\` 在没有给出时自动探测。ip 和 port 写 \`auto\` 就是明确要求探测，并遮盖更低一层给出的值。

在 Kubernetes 里，名为 \`nacos\` 的 Service 会把 \`NACOS_SERVICE_HOST\`、\`NACOS_SERVICE_PORT\` 和 \`NACOS_PORT=tcp://...\` 放进其命名空间的每个 pod。那个 \`NACOS_SERVICE_PORT\` 是 Nacos 服务器的端口，不是你的应用的：我们会识别并忽略它，日志里有一条警告。你自己给出的不同的值算数。名为 \`nacos-health\` 或 \`nacos-advertised\` 的 Service 也是如此，它们的 \`NACOS_HEALTH_PORT\` 或 \`NACOS_ADVERTISED_PORT\` 是一个 \`tcp://\` 链接。

## 命令行

    nacos-serving [参数] app.js [应用的参数和我们的参数]
    nacos-serving run [参数] app.js [-- 原样交给应用的参数]
    nacos-serving [参数] -- 命令 [命令的参数]
    nacos-serving dev [--port 8848] [--host 127.0.0.1]
    nacos-serving status|up|down|weight N|metadata key=value key- [--pid PID] [--service NAME] [--json]

- 第一个不是参数并且是命令名（${COMMANDS.map(code).join('、')}）的词就是该命令；否则命令是 \`run\`。与命令同名的文件写作 \`./dev\`。命令后面的 \`--help\` 说明该命令。
- 应用之前的每个参数都是我们的，未知的参数以退出码 2 结束，并给出最接近的名称。
- 应用之后，与我们的参数名完全一致的是我们的；其他一切，包括 \`--help\`，都交给应用。\`--\` 之后的全部交给应用。
- 布尔参数接受后面的 \`true\` 或 \`false\`：\`--empty-protection false\`。其他词不受影响。
- 没有应用时，\`--\` 启动任意命令：\`nacos-serving -- npm start\`。在 PATH 中查找，前面加上工作目录及其上各级目录的 \`node_modules/.bin\`。
- \`--dry-run\` 检查选项、文件、应用和命令，打印将要做什么，不启动任何东西：命令、注册中心、名称、查看过的每个地址及采用或舍弃的原因，以及给出的选项。不建立任何连接；以名称给出的 Nacos 服务器会解析其地址。会是哪个端口，只有运行中的应用才知道：\`--show-detection\`（或选项 \`registration.show_detection\`）让应用的进程把名称、地址和服务器及其原因写到 stderr。
- \`--print-config\` 打印每个选项、它的值以及来自哪里，机密显示为 \`***\`；\`--print-config=json\` 以 JSON 打印。它不需要应用。这两个都不是环境变量或文件的选项。
- TypeScript 文件在能剥离类型的 Node 上直接运行；在更旧的版本上使用应用自己的 \`tsx\`。

参数通过一个环境变量 \`${CLI_VARIABLE}\` 到达应用的进程，优先级仍高于环境变量；钩子通过 \`NODE_OPTIONS\` 里的 \`--require\` 到达那里，与其中已有的并存。两者都会被应用启动的进程继承。

| 退出码 | 何时 |
|---|---|
| 应用自己的 | 应用启动之后总是如此；被信号结束时是同一信号（信号无法结束我们的地方为 128 + 编号） |
| 2 | 命令行、某个选项或文件有误，或 \`--dry-run\` 没有找到名称或地址；没有启动任何东西 |
| 126 / 127 | 命令不可执行 / 找不到 |
| 0 | \`dev\` 被 Ctrl-C 或 SIGTERM 结束；\`--dry-run\`、\`--print-config\`、\`--version\`、\`--help\` 以及针对运行中进程的命令已完成 |
| 1 | \`dev\` 无法监听，例如端口被占用；没有所指的运行中的进程，或它拒绝；带 \`--fail-fast\` 时应用本身 |

信号：在 Node 22.15 及更高版本上（Windows 除外），应用取代 \`nacos-serving\` 的位置，pid 相同。在其他情况下以及对命令，它是子进程：SIGTERM、SIGHUP、SIGQUIT 和 SIGUSR2 会转发，SIGINT 也会，除非终端已经把它发给了子进程。\`nacos-serving\` 本身被 SIGKILL 之后，Node 应用在半秒内察觉，并像收到 SIGTERM 一样下线；其他命令继续运行。

## 错误

选项的每个错误都是一行，指出键、值、它来自哪里以及允许什么。命令行随后在应用启动之前以退出码 2 结束；在预加载或 import 方式下，这一行写入日志，应用不注册而照常运行；在代码中抛出 \`ConfigError\`。

    nacos-serving: service.port = "99999" (nacos.yaml:4:9): must be a port from 1 to 65535
    nacos-serving: unknown flag --servce-port: did you mean --service-port?
`;
}
