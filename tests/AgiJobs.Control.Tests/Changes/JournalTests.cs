using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;

namespace AgiJobs.Control.Tests.Changes;

public sealed class JournalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string JournalPath => _folder.File("journal.jsonl");

    [Fact]
    public void What_was_appended_is_read_back_in_order()
    {
        using (var journal = Journal.Open(JournalPath, TimeProvider.System))
        {
            journal.Append("signed", new JsonObject { ["hash"] = "0x01" });
            journal.Append("broadcast", new JsonObject { ["hash"] = "0x01" });
        }

        Assert.Equal(["signed", "broadcast"], Journal.Read(JournalPath).Select(entry => (string?)entry["event"]));
    }

    [Fact]
    public void Cut_at_any_byte_the_whole_lines_before_the_cut_are_kept_and_the_next_append_follows_them()
    {
        using (var journal = Journal.Open(JournalPath, TimeProvider.System))
        {
            journal.Append("signed", new JsonObject { ["raw"] = "0x02f8" });
            journal.Append("mined", new JsonObject { ["block"] = "7" });
        }

        var whole = File.ReadAllBytes(JournalPath);
        for (var length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(JournalPath, whole[..length]);
            var complete = whole.AsSpan(0, length).Count((byte)'\n');
            using (var journal = Journal.Open(JournalPath, TimeProvider.System))
            {
                Assert.Equal(complete, journal.Entries.Count);
                journal.Append("verified", []);
            }

            Assert.Equal([.. new[] { "signed", "mined" }.Take(complete), "verified"], Journal.Read(JournalPath).Select(entry => (string?)entry["event"]));
        }
    }

    [Fact]
    public void A_second_writer_is_refused_while_the_first_holds_it()
    {
        using var first = Journal.Open(JournalPath, TimeProvider.System);
        Assert.Equal("journal-locked", Assert.Throws<ControlException>(() => Journal.Open(JournalPath, TimeProvider.System)).Code);
    }

    [Fact]
    public void A_whole_line_that_is_no_entry_is_reported_with_its_number()
    {
        File.WriteAllText(JournalPath, "{\"event\":\"signed\"}\nnonsense\n");
        var refusal = Assert.Throws<ControlException>(() => Journal.Read(JournalPath));
        Assert.Equal("journal-corrupt", refusal.Code);
        Assert.Contains("line 2", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_lock_file_that_is_left_over_and_cannot_be_opened_is_not_taken_for_a_process_that_holds_it()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("journal.jsonl");
        Directory.CreateDirectory(path + ".lock");
        Assert.Equal("file-write", Assert.Throws<ControlException>(() => Journal.Open(path, TimeProvider.System)).Code);
        Directory.Delete(path + ".lock");
        File.WriteAllText(path + ".lock", "");
        using var held = Journal.Open(path, TimeProvider.System);
        Assert.Equal("journal-locked", Assert.Throws<ControlException>(() => Journal.Open(path, TimeProvider.System)).Code);
    }

    [Fact]
    public void A_reorganisation_begins_an_execution_again_and_a_refusal_ends_it()
    {
        using var folder = new TemporaryFolder();
        using var journal = Journal.Open(folder.File("journal.jsonl"), TimeProvider.System);
        journal.Append("verified", []);
        Assert.True(Journal.HasEnded(journal.Entries));
        journal.Append("reorganised", []);
        Assert.False(Journal.HasEnded(journal.Entries));
        journal.Append("refused", []);
        Assert.True(Journal.HasEnded(journal.Entries));
    }
}
