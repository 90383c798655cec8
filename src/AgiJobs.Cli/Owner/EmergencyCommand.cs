using System.CommandLine;
using System.Globalization;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Pausing;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner emergency</c>: the pause bundle, in seconds and without a key.</summary>
internal static class EmergencyCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("emergency", "write the pause bundle: calls, Safe file, hashes and a page to act on; needs no key, and no node if it must be");
        command.Options.Add(options.Out);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var terminal = session.Terminal;
            var observed = await ObserveAsync(session, cancellation).ConfigureAwait(false);
            var bundle = EmergencyBundle.Make(session.Protocol, session.Network, session.NetworkFile, session.Workspace.Manifest(session.Network), observed, environment.Time.GetUtcNow());
            var folder = parsed.GetValue(options.Out) is { } chosen
                ? session.PathOf(chosen)
                : session.Workspace.Locate("reports", "owner-control", "emergency", string.Create(CultureInfo.InvariantCulture, $"{environment.Time.GetUtcNow():yyyy-MM-dd-HHmmss}-{session.Network}"));
            List<string> written = [Write("emergency.json", bundle.ToJson()), Write("brief.md", Encoding.UTF8.GetBytes(bundle.ToBrief(session.Labels)))];
            if (bundle.ToSafeBatch() is { } batch)
            {
                written.Add(Write("safe-batch.json", batch));
            }

            if (bundle.ToSafeBatchOfModules() is { } modules)
            {
                written.Add(Write("safe-batch-modules.json", modules));
            }

            // A bundle made without the chain is what was asked for, but the reader must not take it for one that was checked.
            var exit = bundle.Unknown.Count > 0 ? ExitCode.Unknown : bundle.Running.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
            terminal.Line("NOTHING WAS SENT: this command never sends; people follow the bundle.");
            terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}{(observed.TryGet(out var state) ? $", block {state.Block}" : "")}");
            foreach (var unknown in bundle.Unknown)
            {
                terminal.Line($"  UNKNOWN  {unknown}");
            }

            terminal.Line(bundle.Running.Count > 0 ? $"  running  {string.Join(", ", bundle.Running)}" : observed.IsKnown ? "  running  nothing that is known" : "  running  unknown");
            foreach (var call in bundle.Everything)
            {
                terminal.Line($"  call     {call.Function} of {session.Labels.Describe(call.To)}, data {Hex.Encode(call.Calldata.Span)}");
                foreach (var caller in call.Callers)
                {
                    terminal.Line($"  by       {session.Labels.Describe(caller.Account)}: {caller.What}");
                }
            }

            if (bundle.SafeHash.TryGet(out var hash))
            {
                terminal.Line($"  safehash {hash.Value} at nonce {hash.Transaction.Nonce}");
            }

            foreach (var path in written)
            {
                terminal.Line($"  wrote    {path}");
            }

            terminal.Line($"  next     read {Path.Combine(folder, "brief.md")}");
            terminal.Json("agijobs.emergency/1", exit, writer =>
            {
                bundle.Write(writer);
                writer.WriteStartArray("written");
                foreach (var path in written)
                {
                    writer.WriteStringValue(path);
                }

                writer.WriteEndArray();
            });
            return exit;

            string Write(string name, byte[] bytes)
            {
                var path = Path.Combine(folder, name);
                AtomicFile.Write(path, bytes);
                return path;
            }
        });
        return command;
    }

    private static async Task<Reading<ProtocolState>> ObserveAsync(Session session, CancellationToken cancellation)
    {
        try
        {
            return Reading.Known(await session.ObserveAsync(cancellation).ConfigureAwait(false));
        }
        catch (EthereumException problem) when (problem.Fault == Fault.Unknown)
        {
            return Reading.Unknown<ProtocolState>(problem.Message);
        }
    }
}
