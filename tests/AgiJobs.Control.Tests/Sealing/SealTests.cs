using System.Text;
using AgiJobs.Control.Sealing;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Control.Tests.Sealing;

public sealed class SealTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private UserFolder User => UserFolder.At(_folder.File("config", "agijobs"));

    [Fact]
    public void What_is_sealed_opens_again_with_a_key_that_was_made_on_first_use()
    {
        using (var seal = new Seal(User))
        {
            seal.Folder("armory", "armory", "local").Write("one", "secret"u8);
        }

        using var later = new Seal(User);
        var folder = later.Folder("armory", "armory", "local");
        Assert.Equal("secret"u8.ToArray(), folder.Read("one"));
        Assert.Equal(["one"], folder.Names());
        Assert.Null(folder.Read("two"));
        Assert.DoesNotContain("secret", Encoding.Latin1.GetString(File.ReadAllBytes(folder.PathOf("one"))), StringComparison.Ordinal);
        folder.Delete("one");
        folder.Delete("one");
        Assert.Empty(folder.Names());
    }

    [Fact]
    public void The_folder_is_for_its_owner_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var seal = new Seal(User);
        var folder = seal.Folder("armory", "armory");
        folder.Write("one", "x"u8);
        Assert.Equal("700", Mode(User.Path));
        Assert.Equal("700", Mode(User.Locate("armory")));
        Assert.Equal("600", Mode(User.Locate("seal.key")));
        Assert.Equal("600", Mode(folder.PathOf("one")));

        static string Mode(string path) => Convert.ToString((int)File.GetUnixFileMode(path), 8);
    }

    [Theory]
    [InlineData("")]
    [InlineData("seal.key")]
    [InlineData("armory")]
    [InlineData("armory/one.sealed")]
    public void Looser_rights_are_refused_with_the_mend(string loose)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using (var seal = new Seal(User))
        {
            seal.Folder("armory", "armory").Write("one", "x"u8);
        }

        var path = Path.Combine(User.Path, loose);
        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.GroupRead);
        using var again = new Seal(User);
        var refusal = Assert.Throws<ControlException>(() => again.Folder("armory", "armory").Read("one"));
        Assert.Equal(("user-folder-open", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.StartsWith("Close it: chmod ", refusal.Mend, StringComparison.Ordinal);
        Assert.Contains(path.TrimEnd('/'), refusal.Mend, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_key_a_swapped_a_renamed_a_cut_and_an_altered_file_are_told_apart()
    {
        using var seal = new Seal(User, new SealKeySource(new string('1', 64)));
        using var other = new Seal(User, new SealKeySource(new string('2', 64)));
        var bytes = seal.Apply("armory", "one", "secret"u8);
        Assert.Equal("secret"u8.ToArray(), seal.Open("armory", "one", bytes));
        Assert.Equal("seal-other-key", Code(() => other.Open("armory", "one", bytes)));
        Assert.Equal("seal-swapped", Code(() => seal.Open("armory", "two", bytes)));
        Assert.Equal("seal-swapped", Code(() => seal.Open("audit", "one", bytes)));
        Assert.All(Enumerable.Range(0, bytes.Length), length => Assert.Equal("seal-cut", Code(() => seal.Open("armory", "one", bytes.AsSpan(0, length)))));
        Assert.Equal("seal-format", Code(() => seal.Open("armory", "one", "{\"a\":1}"u8)));
        var folder = seal.Folder("armory", "armory");
        folder.Write("one", "1"u8);
        folder.Write("two", "2"u8);
        File.Copy(folder.PathOf("one"), folder.PathOf("two"), overwrite: true);
        Assert.Equal("seal-swapped", Code(() => folder.Read("two")));
    }

    [Fact]
    public void Every_altered_bit_and_every_added_byte_is_noticed() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll<byte[], int>((plaintext, place) =>
        {
            using var seal = new Seal(User, new SealKeySource(new string('1', 64)));
            var bytes = seal.Apply("armory", "one", plaintext);
            Assert.Equal("seal-tampered", Code(() => seal.Open("armory", "one", [.. bytes, 0])));
            bytes[(int)((uint)place % bytes.Length)] ^= (byte)(1 << (place & 7));
            return Code(() => seal.Open("armory", "one", bytes)).StartsWith("seal-", StringComparison.Ordinal);
        }));

    [Fact]
    public void The_key_comes_from_the_variable_before_the_file_before_the_folder()
    {
        var file = _folder.Write("my.key", new string('3', 64) + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        using var byText = new Seal(User, new SealKeySource("0x" + new string('1', 64), file));
        using var byFile = new Seal(User, new SealKeySource(null, file));
        using var sameText = new Seal(User, new SealKeySource(new string('3', 64)));
        Assert.Equal("x"u8.ToArray(), sameText.Open("p", "n", byFile.Apply("p", "n", "x"u8)));
        Assert.Equal("seal-other-key", Code(() => byText.Open("p", "n", byFile.Apply("p", "n", "x"u8))));
        Assert.False(File.Exists(User.Locate("seal.key")));
    }

    [Theory]
    [InlineData("12")]
    [InlineData("zz11111111111111111111111111111111111111111111111111111111111111")]
    public void A_key_of_another_form_is_refused_and_not_repeated(string key)
    {
        using var seal = new Seal(User, new SealKeySource(key));
        var refusal = Assert.Throws<ControlException>(() => seal.Apply("p", "n", "x"u8));
        Assert.Equal("seal-key-format", refusal.Code);
        Assert.DoesNotContain(key, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(key, new SealKeySource(key).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_names_the_folder()
    {
        Assert.Equal("/a", UserFolder.Choose("/a", "/b", "/c").Path);
        Assert.Equal("/b/agijobs", UserFolder.Choose("", "/b", "/c").Path);
        Assert.Equal("/c/.config/agijobs", UserFolder.Choose(null, null, "/c").Path);
        Assert.Equal("user-folder-none", Code(() => UserFolder.Choose(null, null, "").Read("x")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../x")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    public void A_name_that_leaves_the_folder_is_refused(string name)
    {
        using var seal = new Seal(User);
        Assert.Equal("sealed-name", Code(() => seal.Folder("p", "f").Write(name, "x"u8)));
    }

    private static string Code(Action action) => Assert.Throws<ControlException>(action).Code;

    private static string Code(Func<object?> action) => Assert.Throws<ControlException>(action).Code;
}
