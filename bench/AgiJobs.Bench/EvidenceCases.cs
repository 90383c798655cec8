using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Sealing;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Bench;

internal static class EvidenceCases
{
    private const int AtOnce = 300;
    private const int Entries = 1_000_000;
    private const string Network = "bench";

    private static readonly Lazy<string> Folder = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-bench-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    });

    public static IEnumerable<BenchCase> All()
    {
        var writer = new Lazy<AuditLog>(() => Open("append"));
        var plain = new Lazy<FileStream>(() => new FileStream(Path.Combine(Folder.Value, "plain"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0));
        var record = (Entry(0) with { At = DateTimeOffset.UnixEpoch }).Encode();
        yield return new BenchCase(
            string.Create(CultureInfo.InvariantCulture, $"audit log, record {AtOnce} entries that come at once"),
            () => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(i => writer.Value.AppendAsync(Entry(i), CancellationToken.None).AsTask())).GetAwaiter().GetResult(),
            () => "")
        {
            Baseline = "a flush each",
            Rival = () =>
            {
                for (var i = 0; i < AtOnce; i++)
                {
                    plain.Value.Write(record);
                    plain.Value.Flush(flushToDisk: true);
                }

                return plain;
            },
            CountsWallTime = true,
        };

        var log = new Lazy<LogFolder>(Filled);
        yield return new BenchCase(
            string.Create(CultureInfo.InvariantCulture, $"audit log, verify {Entries:N0} entries"),
            () => LogTreeCheck.Run(log.Value, Entries).Root ?? throw new InvalidOperationException("The log is not whole."),
            () => "")
        {
            Baseline = "SHA-256 of the bytes",
            Rival = () =>
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                foreach (var path in Directory.EnumerateFiles(log.Value.Locate("tile", "entries"), "*", SearchOption.AllDirectories))
                {
                    hash.AppendData(File.ReadAllBytes(path));
                }

                return hash.GetHashAndReset();
            },
        };
    }

    private static AuditEntry Entry(int n) => new() { Kind = "change.sent", Network = Network, Data = new JsonObject { ["n"] = n } };

    private static AuditLog Open(string workspace) =>
        AuditLog.Open(Workspace.At(Path.Combine(Folder.Value, workspace), ""), Network, new Seal(UserFolder.At(Path.Combine(Folder.Value, "user"))), TimeProvider.System);

    private static LogFolder Filled()
    {
        var log = Open("verify");
        for (var i = 0; i < Entries; i += 10_000)
        {
            Task.WhenAll(Enumerable.Range(i, 10_000).Select(n => log.AppendAsync(Entry(n), CancellationToken.None).AsTask())).GetAwaiter().GetResult();
        }

        log.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return LogFolder.Under(Path.Combine(Folder.Value, "verify", "storage", "audit")).Single();
    }
}
