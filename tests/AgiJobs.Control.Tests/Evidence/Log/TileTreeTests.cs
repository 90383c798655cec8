using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Control.Tests.Evidence.Log;

public sealed class TileTreeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // RFC 6962's own test vectors (certificate-transparency, merkle_tree_test): the roots of these leaves.
    [Fact]
    public void The_roots_of_the_known_leaves_are_the_known_ones()
    {
        byte[][] leaves = [.. new[] { "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f" }.Select(Convert.FromHexString)];
        string[] roots =
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        var log = Log("vectors", leaves, [leaves.Length]);
        Assert.Equal("0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Merkle.EmptyRoot.ToString());
        Assert.All(Enumerable.Range(1, roots.Length), size => Assert.Equal("0x" + roots[size - 1], log.Tree(leaves.Length).Root(size).ToString()));
    }

    [Fact]
    public void Roots_and_proofs_are_those_of_the_naive_tree_however_the_entries_came() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(60),
        Prop.ForAll<ushort, ushort, ushort>((a, b, c) =>
        {
            var d = (a * 7) + (b * 3) + c;
            var size = 1 + (a % 900);
            var cuts = new[] { 1 + (b % size), 1 + (c % size), size }.Order().ToArray();
            var entries = Enumerable.Range(0, size).Select(i => BitConverter.GetBytes((i * 31) + a)).ToArray();
            var log = Log($"tree-{a}-{b}-{c}-{d}", entries, cuts);
            var tree = log.Tree(size);
            var count = 1 + (d % size);
            var index = b % count;
            var older = c % (count + 1);
            var root = NaiveMerkle.Root(entries.AsSpan(0, count));
            var inclusion = tree.Inclusion(index, count);
            var consistency = tree.Consistency(older, count);
            Assert.Equal(root, tree.Root(count));
            Assert.Equal(NaiveMerkle.Path(index, entries.AsSpan(0, count)), inclusion);
            Assert.Equal(older == 0 ? [] : NaiveMerkle.Proof(older, entries.AsSpan(0, count)), consistency);
            Assert.True(Merkle.IsIncluded(Merkle.Leaf(entries[index]), index, count, inclusion, root));
            Assert.True(Merkle.IsConsistent(older, NaiveMerkle.Root(entries.AsSpan(0, older)), count, root, consistency));
            Assert.Equal(entries[index], log.Entry(index, size).ToArray());
            Assert.Equal(NaiveMerkle.Root(entries), LogTreeCheck.Run(log, size).Root);
            Assert.Empty(LogTreeCheck.Run(log, size).Findings);
        }));

    [Fact]
    public void A_proof_of_anything_else_is_refused() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll<byte, byte, byte>((a, b, c) =>
        {
            var d = (a * 7) + b;
            var size = 2 + (a % 40);
            var entries = Enumerable.Range(0, size).Select(i => new[] { (byte)i }).ToArray();
            var root = NaiveMerkle.Root(entries);
            var index = b % size;
            var proof = NaiveMerkle.Path(index, entries);
            var leaf = Merkle.Leaf(entries[index]);
            Assert.False(Merkle.IsIncluded(leaf, (index + 1 + (c % (size - 1))) % size, size, proof, root));
            Assert.False(Merkle.IsIncluded(Merkle.Leaf([255, 255]), index, size, proof, root));
            Assert.False(Merkle.IsIncluded(leaf, index, size, [.. proof, leaf], root));
            Assert.False(Merkle.IsIncluded(leaf, index, size, [.. proof.Skip(1)], root));
            Assert.False(Merkle.IsIncluded(leaf, size, size, proof, root));
            Assert.False(Merkle.IsIncluded(leaf, -1, size, proof, root));
            var older = 1 + (d % (size - 1));
            var consistency = NaiveMerkle.Proof(older, entries);
            var oldRoot = NaiveMerkle.Root(entries.AsSpan(0, older));
            Assert.False(Merkle.IsConsistent(older, root, size, root, consistency));
            Assert.False(Merkle.IsConsistent(older, oldRoot, size, oldRoot, consistency));
            Assert.False(Merkle.IsConsistent(older, oldRoot, size, root, [.. consistency, root]));
            Assert.False(Merkle.IsConsistent(size, oldRoot, size, root, []));
            Assert.False(Merkle.IsConsistent(size + 1, root, size, root, []));
        }));

    [Fact]
    public void Every_altered_byte_of_every_tile_and_bundle_is_found()
    {
        var entries = Enumerable.Range(0, 300).Select(i => BitConverter.GetBytes(i)).ToArray();
        var log = Log("altered", entries, [300]);
        foreach (var path in Directory.EnumerateFiles(log.Locate("tile"), "*", SearchOption.AllDirectories))
        {
            var good = File.ReadAllBytes(path);
            for (var place = 0; place < good.Length; place += 97)
            {
                var bad = (byte[])good.Clone();
                bad[place] ^= 0x10;
                File.WriteAllBytes(path, bad);
                Assert.NotEmpty(LogTreeCheck.Run(log, 300).Findings);
            }

            File.WriteAllBytes(path, good[..^1]);
            Assert.NotEmpty(LogTreeCheck.Run(log, 300).Findings);
            File.WriteAllBytes(path, good);
        }

        Assert.Empty(LogTreeCheck.Run(log, 300).Findings);
    }

    private LogFolder Log(string name, byte[][] entries, int[] cuts)
    {
        var log = new LogFolder(_folder.File(name));
        var size = 0;
        Bytes32 root = default;
        foreach (var cut in cuts)
        {
            var batch = new TileBatch(new LogFolder(log.Path), size);
            for (; size < cut; size++)
            {
                batch.Add(entries[size]);
            }

            root = batch.Finish();
            foreach (var (path, content) in batch.Writes)
            {
                AtomicFile.Write(log.Locate(path), content);
            }
        }

        Assert.Equal(NaiveMerkle.Root(entries), root);
        return log;
    }
}
