using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Evidence.Witnesses;
using AgiJobs.Control.Sealing;
using AgiJobs.Control.Tests.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Evidence;

/// <summary>A workspace with one change, its files, its log and three owners of a Safe.</summary>
internal sealed class EvidenceGround : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public EvidenceGround(string name = "space")
    {
        Workspace = Workspace.At(_folder.File(name), "");
        Archive = new AuditArchive(Workspace, new Seal(User));
        Change = new ChangeStore(Workspace, Time).File(ChangeDocumentTests.Sample, "brief");
    }

    public static Address Safe { get; } = Address.Parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");

    public ManualTime Time { get; } = new();

    public UserFolder User => UserFolder.At(_folder.File("user"));

    public Workspace Workspace { get; }

    public AuditArchive Archive { get; }

    public FiledChange Change { get; }

    public IReadOnlyList<ISigner> Owners { get; } = [.. Enumerable.Range(0, 3).Select(i => new DevelopmentKeys(ChainId.Local).Signer(i))];

    public LogFolder Log => new(Archive.Logs().Single(log => !log.IsRetired).Path);

    public LogKeys Keys => new(new Seal(User), Change.Document.Network);

    public string Write(string path, string content) => _folder.Write(Path.Combine(Path.GetFileName(Workspace.Root), path), content);

    public string Outside(string name) => _folder.File(name);

    public async Task RecordAsync(params (string Kind, string[] Files)[] entries)
    {
        await using var log = AuditLog.Open(Workspace, Change.Document.Network, new Seal(User), Time, new AuditLogOptions { Host = "test" });
        foreach (var (kind, files) in entries)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await log.AppendAsync(
                new AuditEntry
                {
                    Kind = kind,
                    Network = Change.Document.Network,
                    Change = kind.StartsWith("change.", StringComparison.Ordinal) ? Change.Document.Digest() : null,
                    Data = new JsonObject { ["note"] = "x" },
                    Files = [.. files.Select(file => AuditFile.Of(Workspace, file))],
                },
                CancellationToken.None);
        }
    }

    public async Task WitnessAsync(params int[] owners)
    {
        foreach (var owner in owners)
        {
            var signature = await CheckpointSignature.SignAsync(Log.ReadNote()!, ChainId.Local, Safe, [.. Owners.Select(signer => signer.Address)], Owners[owner], Time, CancellationToken.None);
            signature.File(Log);
        }
    }

    public void Dispose() => _folder.Dispose();
}
