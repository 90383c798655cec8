using System.Text;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Evidence.Log;

public sealed class SignedNoteTests
{
    // golang.org/x/mod/sumdb/note, the package's example: the key and the note that it signed.
    private const string PeterKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    private const string PeterNote =
        "If you think cryptography is the answer to your problem,\n"
        + "then you don't know what your problem is.\n"
        + "\n"
        + "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    // C2SP signed-note, the example of the specification; its key is not published.
    private const string QuasimodoNote =
        "Ognuno sta solo sul cuor della terra\n"
        + "trafitto da un raggio di sole:\n"
        + "\n"
        + "ed è subito sera.\n"
        + "\n"
        + "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

    [Fact]
    public void The_note_of_the_go_package_verifies_with_its_key()
    {
        var note = SignedNote.Parse(Encoding.UTF8.GetBytes(PeterNote));
        var key = VerifierKey.Parse(PeterKey);
        Assert.Equal(PeterKey, key.ToString());
        Assert.Equal(0xc74f20a3, key.KeyId);
        Assert.True(key.HasSigned(note));
        Assert.False(key.HasSigned(note with { Text = note.Text + "\n" }));
        Assert.Equal(PeterNote, Encoding.UTF8.GetString(note.ToBytes()));
    }

    [Fact]
    public void The_last_empty_line_divides_text_and_signatures()
    {
        var note = SignedNote.Parse(Encoding.UTF8.GetBytes(QuasimodoNote));
        Assert.EndsWith("sole:\n\ned è subito sera.\n", note.Text, StringComparison.Ordinal);
        var signature = Assert.Single(note.Signatures);
        Assert.Equal("quasimodo.example/salvatore", signature.Name);
        Assert.Equal(0x367ba04bu, signature.KeyId);
        Assert.Equal(64, signature.Bytes.Length);
        Assert.Equal(QuasimodoNote, Encoding.UTF8.GetString(note.ToBytes()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("text\n")]
    [InlineData("text\n\n")]
    [InlineData("text\n\n— name AAAAAAA=")]
    [InlineData("text\n\n- name AAAAAAA=\n")]
    [InlineData("text\n\n— na+me AAAAAAA=\n")]
    [InlineData("text\n\n— name AAAA\n")]
    [InlineData("text\n\n— name AAAAAAB=\n")]
    [InlineData("text\n\n—  AAAAAAA=\n")]
    [InlineData("te\rxt\n\n— name AAAAAAA=\n")]
    public void What_is_no_note_is_refused(string text) =>
        Assert.Equal("note-format", Assert.Throws<ControlException>(() => SignedNote.Parse(Encoding.UTF8.GetBytes(text))).Code);

    [Fact]
    public void A_note_takes_sixteen_signatures_and_a_bad_one_of_a_known_key_spoils_it()
    {
        var seed = new byte[32];
        var key = new VerifierKey("log.example/1", AgiJobs.Ethereum.Keys.Ed25519.PublicKey(seed));
        var note = key.Sign("text\n", seed);
        var many = note with { Signatures = [.. Enumerable.Range(0, 15).Select(i => new NoteSignature($"w{i}", 7, new byte[72])), .. note.Signatures] };
        var read = SignedNote.Parse(many.ToBytes());
        Assert.Equal(16, read.Signatures.Count);
        Assert.True(key.HasSigned(read));
        Assert.False(key.HasSigned(read with { Signatures = [.. read.Signatures, new NoteSignature(key.Name, key.KeyId, new byte[64])] }));
        Assert.False(key.HasSigned(read with { Signatures = [.. read.Signatures.Take(15)] }));
    }

    [Theory]
    [InlineData("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+c74f20a3+AhPc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+c74f20a3")]
    [InlineData("")]
    public void A_key_whose_id_does_not_fit_is_refused(string text) => Assert.Equal("verifier-key", Assert.Throws<ControlException>(() => VerifierKey.Parse(text)).Code);

    [Fact]
    public void A_checkpoint_has_one_spelling()
    {
        var checkpoint = new Checkpoint("local/host-1", 7, Bytes32.Parse("0x" + new string('a', 64)));
        Assert.Equal("local/host-1\n7\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n", checkpoint.ToText());
        Assert.Equal(checkpoint, Checkpoint.Parse(checkpoint.ToText()));
        foreach (var text in new[] { "", "a\n7\n", "a\n07\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n", "a\n-7\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n", "a\n7\nqqqq\n", checkpoint.ToText() + "more\n", "\n7\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n", "a\n7\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqp=\n" })
        {
            Assert.Equal("checkpoint-format", Assert.Throws<ControlException>(() => Checkpoint.Parse(text)).Code);
        }
    }
}
