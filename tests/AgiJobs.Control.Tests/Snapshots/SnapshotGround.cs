using AgiJobs.Control.Snapshots;
using AgiJobs.Control.Workspaces;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Snapshots;

/// <summary>A workspace with a few files of configuration and some of the record.</summary>
internal sealed class SnapshotGround : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SnapshotGround()
    {
        _folder.Write("config/networks/local.json", "one\ntwo\nthree\n");
        _folder.Write("config/signers.json", "signers\n");
        _folder.Write("deploy/helm/values.yaml", "replicas: 1\n");
        _folder.Write("monitoring/detectors.json", "{}\n");
        _folder.Write("monitoring/runbooks/2026-03-01-x.md", "a dry run\n");
        _folder.Write("reports/incident-log.md", "none\n");
    }

    public ManualTime Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public Workspace Workspace => Workspace.At(_folder.Path, _folder.Path);

    public SnapshotStore Store => new(Workspace, Time);

    public string Root => _folder.Path;

    /// <summary>The configuration as text, by path.</summary>
    public IReadOnlyDictionary<string, string> Configuration => WorkspaceTree.Configuration(Root).ToDictionary(path => path, path => File.ReadAllText(Path.Combine(Root, path)), StringComparer.Ordinal);

    public Task<Snapshot> TakeAsync(string? note = null, int killAt = int.MaxValue) => new SnapshotStore(Workspace, Time) { OnStep = Killer(killAt) }.TakeAsync(note, CancellationToken.None);

    public ConfigurationRestore Restore(int killAt = int.MaxValue) => new(Workspace, Time) { OnStep = Killer(killAt) };

    public void Write(string path, string text) => _folder.Write(path, text);

    public void Delete(string path) => File.Delete(Path.Combine(Root, path));

    /// <summary>An edit of every kind: one file changed, one gone, one new.</summary>
    public void Edit()
    {
        Time.Advance(TimeSpan.FromMinutes(5));
        Write("config/networks/local.json", "one\n2\nthree\n");
        Delete("config/signers.json");
        Write("config/fees.local.json", "new\n");
    }

    public void Dispose() => _folder.Dispose();

    private static Action<string> Killer(int at)
    {
        var step = 0;
        return _ =>
        {
            if (step++ >= at)
            {
                throw new KilledException();
            }
        };
    }
}
