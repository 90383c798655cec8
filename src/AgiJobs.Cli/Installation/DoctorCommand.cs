using System.CommandLine;
using System.Diagnostics;
using AgiJobs.Control;
using AgiJobs.Control.Installation;
using AgiJobs.Control.Snapshots;
using AgiJobs.Deployment.LocalNetwork;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Cli.Installation;

/// <summary><c>doctor</c>: whether this installation works. Who can do what on the chain is the question of <c>owner doctor</c>.</summary>
internal static class DoctorCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("doctor", "check this installation: tools, nodes, clock, signers' secrets, the user's folder, logs. Exit 3: findings; 5: unknown. Who can do what: 'agijobs owner doctor'");
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var checks = new List<InstallationCheck> { await ToolAsync("node", "node", cancellation).ConfigureAwait(false), await AnvilAsync(environment.Home, cancellation).ConfigureAwait(false), Secp256k1() };
            IReadOnlyList<string> networks = parsed.GetValue(options.Network) is { } asked ? [session.Workspace.ChooseNetwork(asked)] : session.Workspace.Networks();
            var hasPublic = false;
            foreach (var name in networks)
            {
                try
                {
                    var network = session.Workspace.Network(name);
                    hasPublic |= network.ChainId != ChainId.Local;
                    checks.AddRange(await InstallationChecks.NodesAsync(name, network, environment.Rpc, environment.Time, cancellation).ConfigureAwait(false));
                    checks.AddRange(InstallationChecks.Signers(name, network, session.Workspace.Signers(name)));
                }
                catch (ControlException problem)
                {
                    checks.Add(InstallationCheck.Finding($"{name}: files", $"{problem.Message} [{problem.Code}]", "agijobs config lint"));
                }

                checks.Add(InstallationChecks.Log(session.Workspace, environment.Seal, name));
            }

            if (networks.Count == 0)
            {
                checks.Add(InstallationCheck.Finding("networks", $"{session.Workspace.Root} has none", "agijobs devnet up, or agijobs init"));
            }

            checks.AddRange(InstallationChecks.User(environment.Seal, hasPublic));
            if (ConfigurationRestore.IsPending(session.Workspace))
            {
                checks.Add(InstallationCheck.Finding("configuration", "a restore was interrupted and cannot be finished", "agijobs config lint says why"));
            }

            var exit = InstallationCheck.ExitOf(checks);
            session.Terminal.Line(Configuration.WorkspaceScope.Line(session));
            session.Terminal.Table(["check", "", "found"], checks.Select(check => (IReadOnlyList<string>)[check.Name, Word(check.Standing), check.Mend is null ? check.Detail : $"{check.Detail}\n{check.Mend}"]));
            session.Terminal.Json("agijobs.doctor/1", exit, writer =>
            {
                Configuration.WorkspaceScope.Write(session, writer);
                writer.WriteStartArray("checks");
                foreach (var check in checks)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", check.Name);
                    writer.WriteString("standing", Word(check.Standing).ToLowerInvariant());
                    writer.WriteString("detail", check.Detail);
                    writer.WriteString("mend", check.Mend);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return exit;
        });
        return command;
    }

    private static string Word(CheckStanding standing) => standing switch { CheckStanding.Ok => "ok", CheckStanding.Finding => "FINDING", _ => "UNKNOWN" };

    private static async Task<InstallationCheck> AnvilAsync(string home, CancellationToken cancellation)
    {
        try
        {
            return await ToolAsync("anvil", AnvilProcess.Locate(home), cancellation).ConfigureAwait(false);
        }
        catch (ControlException problem)
        {
            return InstallationCheck.Finding("anvil", problem.Message, problem.Mend!);
        }
    }

    private static async Task<InstallationCheck> ToolAsync(string name, string file, CancellationToken cancellation)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(file, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            var text = await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
            return process.ExitCode == 0 ? InstallationCheck.Ok(name, text.Split('\n')[0].Trim()) : InstallationCheck.Finding(name, $"{file} --version ended with {process.ExitCode}", "Install it anew: start agijobs through its launcher.");
        }
        catch (System.ComponentModel.Win32Exception problem)
        {
            return InstallationCheck.Finding(name, $"{file} cannot be started: {problem.Message}", "Install it, or start agijobs through its launcher, which does.");
        }
    }

    private static InstallationCheck Secp256k1()
    {
        try
        {
            return InstallationCheck.Ok("libsecp256k1", $"it signs: account 0 of local networks is {new DevelopmentKeys(ChainId.Local).Signer(0).Address}");
        }
        catch (Exception problem) when (problem is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException)
        {
            return InstallationCheck.Finding("libsecp256k1", "the library cannot be loaded, so that nothing can be signed", "Install the Debian package libsecp256k1-1 (or the launcher does).");
        }
    }
}
