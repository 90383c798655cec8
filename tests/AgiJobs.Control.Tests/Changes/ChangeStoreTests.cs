using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Changes;

public sealed class ChangeStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static ChangeDocument Sample => ChangeDocumentTests.Sample;

    private ChangeStore Store => new(Workspace.At(_folder.Path, _folder.Path), TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_change_is_found_by_its_folder_and_by_the_first_digits_of_its_digest_in_either_form()
    {
        var filed = Store.File(Sample, "brief");
        var digest = Sample.Digest().ToString();
        foreach (var id in (string[])[filed.Id, digest, digest[2..], digest[..10], digest[2..6], digest[2..14], digest[2..].ToUpperInvariant()])
        {
            Assert.Equal(filed.Id, Store.Get(id).Id);
        }
    }

    [Fact]
    public void A_digest_that_differs_after_the_first_digits_is_another_change()
    {
        var digest = Store.File(Sample, "brief").Document.Digest().ToString();
        Assert.Null(Store.Find(digest[..^1] + (digest[^1] == '0' ? '1' : '0')));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("abc")]
    [InlineData("nothing-like-it")]
    [InlineData("../../etc/passwd")]
    public void An_unknown_change_is_refused_by_name(string id)
    {
        Store.File(Sample, "brief");
        var refusal = Assert.Throws<ControlException>(() => Store.Get(id));
        Assert.Equal(("change-unknown", ExitCode.BadInput), (refusal.Code, refusal.Exit));
        Assert.Contains($"'{id}'", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("change list", refusal.Mend, StringComparison.Ordinal);
    }

    [Fact]
    public void Filing_the_same_change_again_finds_the_first_and_leaves_it_as_it_is()
    {
        var first = Store.File(Sample, "brief");
        File.WriteAllText(Path.Combine(first.Folder, "brief.md"), "with a note");
        var second = Store.File(Sample with { }, "another brief");
        Assert.Equal(first.Folder, second.Folder);
        Assert.Equal("with a note", File.ReadAllText(Path.Combine(first.Folder, "brief.md")));
        Assert.Single(Store.List());
    }

    [Fact]
    public void A_folder_whose_filing_was_cut_short_is_no_change_and_is_completed_by_filing_again()
    {
        var filed = Store.File(Sample, "brief");
        File.Delete(Path.Combine(filed.Folder, "change.json"));
        Assert.Empty(Store.List());
        Assert.Equal(filed.Folder, Store.File(Sample, "brief").Folder);
        Assert.Single(Store.List());
    }

    [Fact]
    public void An_altered_change_is_refused_as_a_mismatch()
    {
        var filed = Store.File(Sample, "brief");
        var path = Path.Combine(filed.Folder, "change.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("INC-7", "INC-8", StringComparison.Ordinal));
        foreach (var attempt in (Action[])[() => Store.Get(filed.Id), () => Store.List(), () => Store.WithNextInstance(Sample)])
        {
            var refusal = Assert.Throws<ControlException>(attempt);
            Assert.Equal(("change-tampered", ExitCode.Mismatch), (refusal.Code, refusal.Exit));
            Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_pause_goes_past_damaged_records_is_told_of_each_and_takes_no_number_that_one_of_them_has()
    {
        var damaged = Store.File(Store.WithNextInstance(Sample), "brief");
        File.WriteAllText(Path.Combine(damaged.Folder, "change.json"), "{");
        var told = new List<string>();
        var next = Store.WithNextInstance(Sample, problem => told.Add(problem.Code));
        Assert.Equal("manual-2", next.Instance);
        Assert.Equal(["file-format"], told);
        Assert.NotEqual(damaged.Id, Store.File(next, "brief").Id);
        Assert.Throws<ControlException>(() => Store.WithNextInstance(Sample));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"version\":1}")]
    public void A_corrupt_change_is_refused_by_its_path(string content)
    {
        var filed = Store.File(Sample, "brief");
        File.WriteAllText(Path.Combine(filed.Folder, "change.json"), content);
        var refusal = Assert.Throws<ControlException>(() => Store.Get(filed.Id));
        Assert.Equal(("file-format", ExitCode.BadInput), (refusal.Code, refusal.Exit));
        Assert.Contains("change.json", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Digits_that_fit_two_changes_are_refused_with_both_names()
    {
        var filed = Store.File(Sample, "brief");
        var twin = filed.Folder.Replace("pause-system", "resume-system", StringComparison.Ordinal);
        Directory.CreateDirectory(twin);
        File.Copy(Path.Combine(filed.Folder, "change.json"), Path.Combine(twin, "change.json"));
        var refusal = Assert.Throws<ControlException>(() => Store.Get(filed.Document.Digest().ToString()[..10]));
        Assert.Equal(("change-ambiguous", ExitCode.BadInput), (refusal.Code, refusal.Exit));
        Assert.Contains(filed.Id, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(twin), refusal.Message, StringComparison.Ordinal);
        Assert.Equal(filed.Id, Store.Get(filed.Id).Id);
    }

    [Fact]
    public void Planned_again_before_it_is_sent_it_is_the_same_change()
    {
        var first = Store.WithNextInstance(Sample);
        Assert.Equal("manual-1", first.Instance);
        Store.File(first, "brief");
        Assert.Equal("manual-1", Store.WithNextInstance(Sample).Instance);
    }

    [Theory]
    [InlineData("signed")]
    [InlineData("signed", "broadcast")]
    [InlineData("signed", "broadcast", "mined")]
    [InlineData("signed", "broadcast", "replaced")]
    public void Planned_again_while_its_execution_is_under_way_it_is_the_same_change_so_that_nothing_is_sent_twice(params string[] events)
    {
        Record("manual-1", events);
        Assert.Equal("manual-1", Store.WithNextInstance(Sample).Instance);
    }

    [Fact]
    public void An_execution_under_way_for_an_incident_is_gone_on_with()
    {
        Record("INC-7", "signed");
        Assert.Equal("INC-7", Store.WithNextInstance(Sample).Instance);
    }

    [Theory]
    [InlineData("signed", "broadcast", "mined", "verified")]
    [InlineData("signed", "broadcast", "mined", "mismatch")]
    public void Planned_again_after_its_execution_ended_it_is_a_new_change(params string[] events)
    {
        Record("manual-1", events);
        Record("INC-7", events);
        Assert.Equal("manual-2", Store.WithNextInstance(Sample).Instance);
        Record("manual-2", "signed");
        Assert.Equal("manual-2", Store.WithNextInstance(Sample).Instance);
    }

    [Fact]
    public void A_signature_of_the_same_owner_takes_the_first_ones_place()
    {
        var filed = Store.File(Sample, "brief");
        var approval = new SafeApproval { Version = 1, Change = Sample.Digest(), ChainId = ChainId.Local, Safe = SyntheticProtocol.Owner, Nonce = "1", SafeTxHash = Bytes32.Zero, Owner = SyntheticProtocol.Owner, Signature = [1], SignedAt = default };
        filed.File(approval);
        filed.File(approval with { Nonce = "2" });
        Assert.Equal("2", Assert.Single(filed.SafeApprovals()).Nonce);
    }

    [Fact]
    public void A_corrupt_approval_is_named_and_not_passed_over()
    {
        var filed = Store.File(Sample, "brief");
        AtomicFile.Write(Path.Combine(filed.Folder, "approvals", "safe-x.json"), "{}"u8);
        Assert.Contains("x.json", Assert.Throws<ControlException>(filed.SafeApprovals).Message, StringComparison.Ordinal);
    }

    private void Record(string instance, params string[] events)
    {
        var filed = Store.File(Sample with { Instance = instance }, "brief");
        using var journal = Journal.Open(filed.JournalPath, TimeProvider.System);
        foreach (var name in events)
        {
            journal.Append(name, new JsonObject { ["unit"] = "0", ["succeeded"] = true });
        }
    }
}
