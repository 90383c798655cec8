using AgiJobs.Control.Snapshots;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Snapshots;

public sealed class SnapshotStoreTests : IDisposable
{
    private readonly SnapshotGround _ground = new();

    [Fact]
    public async Task A_snapshot_holds_the_configuration_and_no_evidence()
    {
        var snapshot = await _ground.TakeAsync("before the upgrade");
        Assert.Equal(["config/networks/local.json", "config/signers.json", "deploy/helm/values.yaml", "monitoring/detectors.json"], snapshot.Manifest.Files.Select(file => file.Path));
        Assert.StartsWith("20260301T120000Z-", snapshot.Id, StringComparison.Ordinal);
        Assert.EndsWith(snapshot.Manifest.Identity().ToString()[2..10], snapshot.Id, StringComparison.Ordinal);
        Assert.Equal("before the upgrade", _ground.Store.Open(snapshot.Id).Manifest.Note);
    }

    [Fact]
    public async Task The_same_configuration_has_the_same_content_whenever_it_is_kept()
    {
        var first = await _ground.TakeAsync();
        _ground.Time.Advance(TimeSpan.FromHours(1));
        var second = await _ground.TakeAsync("again");
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(first.Manifest.Content, second.Manifest.Content);
        Assert.Equal([first.Id, second.Id], _ground.Store.List().Select(entry => entry.Id));
    }

    [Theory]
    [InlineData("files/config/signers.json", "other\n", "SHA-256")]
    [InlineData("files/config/signers.json", null, "missing")]
    [InlineData("files/config/added.json", "{}", "added")]
    [InlineData("manifest.json", "{}", "manifest")]
    [InlineData("manifest.json", null, "cannot be read")]
    public async Task A_tampered_snapshot_is_refused(string file, string? content, string why)
    {
        var snapshot = await _ground.TakeAsync();
        var path = Path.Combine(_ground.Store.FolderOf(snapshot.Id), file);
        File.Delete(path);
        if (content is not null)
        {
            await File.WriteAllTextAsync(path, content);
        }

        var problem = Assert.Throws<ControlException>(() => _ground.Store.Open(snapshot.Id));
        Assert.Equal(("snapshot-damaged", ExitCode.Mismatch), (problem.Code, problem.Exit));
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
        Assert.NotNull(_ground.Store.List().Single().Problem);
    }

    [Fact]
    public async Task A_manifest_that_was_written_anew_with_other_hashes_is_not_that_of_its_name()
    {
        var snapshot = await _ground.TakeAsync();
        await File.WriteAllTextAsync(Path.Combine(_ground.Store.FolderOf(snapshot.Id), "files/config/signers.json"), "other\n");
        var files = snapshot.Manifest.Files.Select(file => file.Path is "config/signers.json" ? InventoryFile.Of(new TreeFile(file.Path, "other\n"u8.ToArray())) : file).ToList();
        await File.WriteAllBytesAsync(_ground.Store.ManifestPathOf(snapshot.Id), (snapshot.Manifest with { Files = files }).Encode());
        Assert.Equal("snapshot-damaged", Assert.Throws<ControlException>(() => _ground.Store.Open(snapshot.Id)).Code);
    }

    [Fact]
    public void A_link_is_refused_because_what_it_leads_to_would_not_be_kept()
    {
        File.CreateSymbolicLink(Path.Combine(_ground.Root, "config", "policy.json"), "/etc/hostname");
        Assert.Equal("tree-link", Assert.Throws<ControlException>(() => WorkspaceTree.Configuration(_ground.Root)).Code);
    }

    [Fact]
    public async Task Killed_at_any_point_a_snapshot_is_there_whole_or_not_at_all()
    {
        var killed = 0;
        for (var at = 0; ; at++)
        {
            try
            {
                _ = await _ground.TakeAsync(killAt: at);
                break;
            }
            catch (KilledException)
            {
                killed++;
                Assert.All(_ground.Store.List(), entry => Assert.Null(entry.Problem));
            }
        }

        Assert.Equal(7, killed);
        Assert.Single(_ground.Store.List());
        Assert.Empty(Directory.GetDirectories(Path.Combine(_ground.Root, "storage", "snapshots"), "*.tmp"));
    }

    public void Dispose() => _ground.Dispose();
}
