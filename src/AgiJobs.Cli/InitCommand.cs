using System.CommandLine;
using AgiJobs.Cli.Configuration;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli;

/// <summary><c>init</c>: makes a workspace, or adds a network to one. Writes no key and reads none.</summary>
internal static class InitCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var rpc = new Option<string[]>("--rpc") { Description = "an RPC URL, or env:NAME for one that is in an environment variable; the first is the primary", HelpName = "URL" };
        var chain = new Option<ulong>("--chain-id") { Description = "the chain that every RPC must answer for", HelpName = "N" };
        var safe = new Option<string?>("--safe-address") { Description = "the Safe that governs the protocol there", HelpName = "ADDRESS" };
        var modules = new Option<string[]>("--module") { Description = "a module of the protocol and its address; one that is left out is not managed", HelpName = "NAME=ADDRESS" };
        var protocol = new Option<string>("--protocol") { Description = "the protocol description", HelpName = "NAME", DefaultValueFactory = _ => "agi-jobs" };
        var confirmations = new Option<int>("--confirmations") { Description = "blocks that must be built on a transaction before it counts as done", HelpName = "N", DefaultValueFactory = _ => 2 };
        var explorer = new Option<string?>("--explorer") { Description = "the block explorer, for links in reports", HelpName = "URL" };
        var upgrade = new Option<bool>("--upgrade") { Description = "bring the workspace of an older program up to this one: adds what is missing, as proposals, after a snapshot; previewed without --execute" };
        var command = new Command("init", "make a workspace for a network, without keys; an existing file is never written over") { rpc, chain, safe, modules, protocol, confirmations, explorer, upgrade, options.Execute, options.DryRun };
        command.Validators.Add(result =>
        {
            if (result.GetResult(upgrade) is { } asked && asked.GetValueOrDefault<bool>())
            {
                foreach (var option in new Option[] { rpc, chain, safe, modules, explorer }.Where(option => result.GetResult(option) is not null))
                {
                    result.AddError($"{option.Name} sets up a network, and --upgrade sets up none.");
                }
            }
            else
            {
                foreach (var option in new Option[] { rpc, chain }.Where(option => result.GetResult(option) is null))
                {
                    result.AddError($"Option '{option.Name}' is required.");
                }

                foreach (var option in new Option[] { options.Execute, options.DryRun }.Where(option => result.GetResult(option) is not null))
                {
                    result.AddError($"{option.Name} belongs to --upgrade: a new workspace is written directly.");
                }
            }
        });
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            if (parsed.GetValue(upgrade))
            {
                return await UpgradeReport.RunAsync(session, cancellation).ConfigureAwait(false);
            }

            var name = parsed.GetValue(options.Network) ?? throw new ControlException("network-needed", ExitCode.BadInput, "The network to set up has no name.", "Add --network NAME.");
            if (name.Length is 0 or > 40 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
            {
                throw new ControlException("network-name", ExitCode.BadInput, $"'{name}' is no name for a network.", "Use 1 to 40 letters, digits, '-' and '_'.");
            }

            var workspace = session.Workspace;
            foreach (var path in (string[])[workspace.NetworkPath(name), workspace.ManifestPath(name)])
            {
                if (File.Exists(path))
                {
                    throw new ControlException("file-exists", ExitCode.Refused, $"{path} exists already.", "Edit it, or choose another name with --network; nothing was written.");
                }
            }

            var network = new NetworkFile
            {
                Version = 1,
                ChainId = new ChainId(parsed.GetValue(chain)),
                Rpc = [.. parsed.GetValue(rpc)!.Select(Endpoint)],
                Safe = parsed.GetValue(safe) is { } address ? Address.Parse(address) : null,
                Explorer = parsed.GetValue(explorer),
                Confirmations = parsed.GetValue(confirmations),
            };
            var manifest = new ManifestFile
            {
                Version = 1,
                Protocol = parsed.GetValue(protocol)!,
                Modules = Modules(parsed.GetValue(modules) ?? []),
            };
            var bound = Protocol.Load(workspace, manifest);

            // Everything is checked against the chain before the first byte is written.
            await using var client = await EthereumClient.ConnectAsync(environment.Rpc(new RpcOptions { Endpoints = [.. network.Rpc.Select(endpoint => new RpcEndpoint(endpoint.Resolve()))], Rounds = 2 }), network.ChainId, environment.Time, cancellation).ConfigureAwait(false);
            var state = await new ProtocolObserver(client).ObserveAsync(bound, PinnedBlock.AtConnect(client), cancellation).ConfigureAwait(false);
            if (state.Modules.Values.FirstOrDefault(module => !module.CodeHash.IsKnown) is { } missing)
            {
                throw new ControlException("module-no-code", ExitCode.Mismatch, $"{missing.Module.Name}: {missing.CodeHash.Why}.", "Correct the address or the network; nothing was written.");
            }

            WorkspaceFiles.WriteFrame(workspace);
            WorkspaceFiles.WriteRules(workspace, manifest.Protocol);
            JsonFile.Write(workspace.ManifestPath(name), manifest, WorkspaceJson.Default.ManifestFile);
            if (!File.Exists(workspace.SignersPath))
            {
                JsonFile.Write(workspace.SignersPath, new SignersFile { Version = 1, Signers = [] }, WorkspaceJson.Default.SignersFile);
            }

            if (!File.Exists(workspace.OperatorsPath))
            {
                JsonFile.Write(workspace.OperatorsPath, new OperatorsFile { Version = 1, People = [] }, WorkspaceJson.Default.OperatorsFile);
            }

            // A policy that asks for people who are not on file yet would stand in the way of a pause, so it begins as a proposal.
            var proposal = workspace.Locate("config", "policy.proposed.json");
            if (!File.Exists(workspace.PolicyPath) && !File.Exists(proposal))
            {
                JsonFile.Write(proposal, ApprovalPolicy.Shipped, WorkspaceJson.Default.PolicyFile);
            }

            // Last, because a network exists for every other command as soon as its file does.
            JsonFile.Write(workspace.NetworkPath(name), network, WorkspaceJson.Default.NetworkFile);
            session.Terminal.Line($"network {name}, chain {network.ChainId}, block {state.Block}");
            session.Terminal.Line($"  workspace {workspace.Root}");
            session.Terminal.Line($"  modules   {(bound.Modules.Count == 0 ? "none yet: add them to " + workspace.ManifestPath(name) : string.Join(", ", bound.Modules))}");
            session.Terminal.Line($"  signers   none: add references, never keys, to {workspace.SignersPath}");
            session.Terminal.Line(File.Exists(workspace.PolicyPath) ? $"  policy    {workspace.PolicyPath}" : $"  policy    none yet, so approvals are not managed: put the people into {workspace.OperatorsPath}, then rename {proposal} to policy.json");
            session.Terminal.Line($"  next      agijobs owner system-pause --action status --network {name} --workspace {workspace.Root}");
            session.Terminal.Json("agijobs.init/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("workspace", workspace.Root);
                writer.WriteString("network", name);
                writer.WriteNumber("chainId", network.ChainId.Value);
                writer.WriteNumber("modules", bound.Modules.Count);
            });
            return ExitCode.Clean;
        }, createsWorkspace: true);
        return command;
    }

    private static EndpointReference Endpoint(string text)
    {
        var endpoint = text.StartsWith("env:", StringComparison.Ordinal) ? new EndpointReference { Secret = new Secret { Env = text[4..] } } : new EndpointReference { Url = text };
        _ = endpoint.Resolve();
        return endpoint;
    }

    private static Dictionary<string, ManifestModule> Modules(IEnumerable<string> texts)
    {
        var modules = new Dictionary<string, ManifestModule>(StringComparer.Ordinal);
        foreach (var (name, address) in texts.Select(ModuleOf))
        {
            if (!modules.TryAdd(name, new ManifestModule { Address = address }))
            {
                throw new ControlException("module-twice", ExitCode.BadInput, $"--module names '{name}' twice.", "Name each module once.");
            }
        }

        return modules;
    }

    private static (string Name, Address Address) ModuleOf(string text) => text.Split('=') is [{ Length: > 0 } name, var address]
        ? (name, Address.Parse(address))
        : throw new ControlException("module-format", ExitCode.BadInput, $"--module '{text}' is not NAME=ADDRESS.", "Write, for example, --module StakeManager=0x....");
}
