using System.Globalization;
using System.Numerics;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Storage;

/// <summary>Differences that a contract's own functions make, named through the compiler's layout and held against what its getters say.</summary>
public sealed class StorageReaderTests : IAsyncLifetime
{
    private const string Source = """
        contract Base { address internal first = address(0x11); bool internal flag; }
        contract Truth is Base {
            enum Colour { Red, Green, Blue }
            struct Part { uint64 x; uint128 y; address z; uint256[2] w; }
            type Money is uint96;
            uint8 internal a; int16 internal b; int256 internal wide; bytes4 internal e; Colour internal f; Money internal money;
            Part internal s; uint16[5] internal packed; uint24[20] internal many; uint32[] internal dyn; Part[] internal parts; uint8[3][2] internal grid;
            mapping(address => uint256) internal m1; mapping(uint256 => mapping(bytes32 => Part)) internal m2; mapping(Colour => uint8[]) internal m3; mapping(bytes4 => bool) internal m4;
            string public text; bytes public data;

            function write(uint256 seed, address who, bytes32 key) external {
                uint256 r = uint256(keccak256(abi.encode(seed)));
                uint256 v = uint256(keccak256(abi.encode(r)));
                if (on(r, 0)) first = address(uint160(v));
                if (on(r, 1)) flag = !flag;
                if (on(r, 2)) a = uint8(v);
                if (on(r, 3)) b = int16(uint16(v));
                if (on(r, 4)) wide = int256(v);
                if (on(r, 5)) e = bytes4(uint32(v));
                if (on(r, 6)) f = Colour(v % 3);
                if (on(r, 7)) money = Money.wrap(uint96(v));
                if (on(r, 8)) s.x = uint64(v);
                if (on(r, 9)) s.y = uint128(v);
                if (on(r, 10)) { s.z = address(uint160(v >> 1)); s.w[1] = v; }
                for (uint256 i = 0; i < 5; ++i) if (on(r, 11 + i)) packed[i] = uint16(v >> i);
                for (uint256 i = 0; i < 20; ++i) if (on(r, 16 + i)) many[i] = uint24(v >> i);
                if (on(r, 36)) { while (dyn.length < v % 12) dyn.push(uint32(v >> dyn.length)); while (dyn.length > v % 12) dyn.pop(); }
                if (on(r, 37)) { while (parts.length < v % 3) { parts.push(); parts[parts.length - 1].y = uint128(v); parts[parts.length - 1].w[0] = v; } while (parts.length > v % 3) parts.pop(); }
                for (uint256 i = 0; i < 6; ++i) if (on(r, 38 + i)) grid[i / 3][i % 3] = uint8(v >> i);
                if (on(r, 44)) m1[who] = v;
                if (on(r, 45)) { m2[7][key].x = uint64(v); m2[7][key].w[1] = v; }
                if (on(r, 46)) { while (m3[Colour.Blue].length < v % 5) m3[Colour.Blue].push(uint8(v >> m3[Colour.Blue].length)); while (m3[Colour.Blue].length > v % 5) m3[Colour.Blue].pop(); }
                if (on(r, 47)) m4[0xaabbccdd] = !m4[0xaabbccdd];
                if (on(r, 48)) text = string(abi.encodePacked("n", v % 2 == 0 ? "even" : "odd"));
            }

            function on(uint256 r, uint256 bit) private pure returns (bool) { return (r >> bit) & 1 == 1; }

            function long(string calldata value) external { text = value; }

            function stray(bytes32 slot) external { assembly { sstore(slot, 5) } }

            function dirty() external { assembly { sstore(packed.slot, not(0)) } }

            function read(address who, bytes32 key) external view returns (uint256[] memory o) {
                o = new uint256[](81);
                o[0] = uint160(first); o[1] = flag ? 1 : 0; o[2] = a; o[3] = uint256(int256(b)); o[4] = uint256(wide); o[5] = uint32(e); o[6] = uint256(f); o[7] = Money.unwrap(money);
                o[8] = s.x; o[9] = s.y; o[10] = uint160(s.z); o[11] = s.w[0]; o[12] = s.w[1];
                for (uint256 i = 0; i < 5; ++i) o[13 + i] = packed[i];
                for (uint256 i = 0; i < 20; ++i) o[18 + i] = many[i];
                o[38] = dyn.length;
                for (uint256 i = 0; i < dyn.length; ++i) o[39 + i] = dyn[i];
                o[51] = parts.length;
                for (uint256 i = 0; i < parts.length; ++i) { o[52 + 3 * i] = parts[i].x; o[53 + 3 * i] = parts[i].y; o[54 + 3 * i] = parts[i].w[0]; }
                for (uint256 i = 0; i < 6; ++i) o[61 + i] = grid[i / 3][i % 3];
                o[67] = m1[who]; o[68] = m2[7][key].x; o[69] = m2[7][key].w[1]; o[70] = m3[Colour.Blue].length;
                for (uint256 i = 0; i < m3[Colour.Blue].length; ++i) o[71 + i] = m3[Colour.Blue][i];
                o[76] = m4[0xaabbccdd] ? 1 : 0;
            }
        }
        """;

    private static readonly Address Who = Anvil.Accounts[3];
    private static readonly Bytes32 Key = Keccak256.Hash("key");
    private static readonly BlockOverride Next = new(new BlockNumber(1000), DateTimeOffset.FromUnixTimeSeconds(4_000_000_000));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Anvil _anvil = null!;
    private EthereumClient _client = null!;
    private ContractAbi _abi = null!;
    private StorageLayout _layout = null!;
    private Address _truth;

    public async ValueTask InitializeAsync()
    {
        _anvil = await Anvil.StartAsync(cancellationToken: Token);
        _client = await _anvil.ConnectAsync(cancellationToken: Token);
        var compiled = await Solidity.CompileAsync(Source, "Truth");
        _abi = ContractAbi.FromJson(compiled.AbiJson);
        _layout = StorageLayout.FromJson(compiled.StorageLayoutJson)!;
        _truth = (await _anvil.ExecuteAsync(Anvil.Accounts[0], null, compiled.CreationCode)).ContractAddress!.Value;
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _anvil.DisposeAsync();
    }

    [Fact]
    public async Task Every_value_that_a_getter_tells_otherwise_is_named_with_both_values_and_nothing_else_is()
    {
        var overrides = new StateOverrides();
        var named = new HashSet<string>(StringComparer.Ordinal);
        for (var seed = 0; seed < 150; seed++)
        {
            var call = new CallRequest { From = Anvil.Accounts[0], To = _truth, Data = _abi.Function("write").Encode(seed, Who, Key) };
            var before = await TruthAsync(overrides);
            var difference = await _client.SendAsync(SimulationRequests.TraceDifference(call, BlockReference.Latest, Next, overrides), Token);
            overrides.Apply(difference);
            var after = await TruthAsync(overrides);

            var expected = before.Keys.Where(path => before[path] != after[path]).Select(path => $"{path}: {before[path]} > {after[path]}").Order(StringComparer.Ordinal).ToList();
            var storage = difference.Accounts.TryGetValue(_truth, out var account) ? account.Storage : new Dictionary<Bytes32, (Bytes32, Bytes32)>();
            var found = Reader(call).Read(storage);
            Assert.Equal(expected, found.Select(change => $"{change.Path}: {change.Before} > {change.After}").Order(StringComparer.Ordinal));
            named.UnionWith(found.Select(change => change.Variable!));
        }

        // Every variable was written at some time, or the test would show nothing.
        Assert.Equal(_layout.Variables.Select(variable => variable.Name).Where(name => name != "data").Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_text_longer_than_a_slot_is_told_by_its_length_and_its_words()
    {
        var found = await ChangesAsync("long", new string('x', 40));
        Assert.Equal([("text", "\"\"", "40 bytes"), ("text[0..31]", $"0x{new string('0', 64)}", $"0x{string.Concat(Enumerable.Repeat("78", 32))}"), ("text[32..63]", $"0x{new string('0', 64)}", $"0x{string.Concat(Enumerable.Repeat("78", 8))}{new string('0', 48)}")],
            found.Select(change => (change.Path!, change.Before, change.After)).Order());
    }

    [Fact]
    public async Task A_word_or_bits_that_belong_to_no_variable_come_without_a_name_and_are_never_left_out()
    {
        var slot = Keccak256.Hash("nobody's");
        var change = Assert.Single(await ChangesAsync("stray", slot));
        Assert.Equal((slot, null, null), (change.Slot, change.Path, change.Variable));

        // Five packed numbers take ten bytes of the word; the other twenty-two are nobody's.
        var dirty = await ChangesAsync("dirty");
        Assert.Equal(["packed[0]", "packed[1]", "packed[2]", "packed[3]", "packed[4]", null], dirty.Select(one => one.Path));
        Assert.All(dirty.Take(5), one => Assert.Equal("65535", one.After));
    }

    [Fact]
    public void An_entry_of_a_mapping_whose_key_is_not_known_has_no_name()
    {
        var layout = StorageLayout.Of("mapping(address => uint256) balances @3");
        var slot = Keccak256.Hash([.. new byte[12], .. Who.ToBytes(), .. Bytes32.FromUnsigned(3).ToBytes()]);
        var words = new Dictionary<Bytes32, (Bytes32, Bytes32)> { [slot] = (Bytes32.Zero, Bytes32.FromUnsigned(8)) };
        var key = new Bytes32([.. new byte[12], .. Who.ToBytes()]);
        Assert.Null(Assert.Single(new StorageReader(layout, [], _ => null).Read(words)).Path);
        Assert.Equal(($"balances[{Who} (friend)]", "8"), Assert.Single(new StorageReader(layout, [key], _ => "friend").Read(words)) is var found ? (found.Path, found.After) : default);
    }

    [Fact]
    public void Namespaces_lie_where_the_standard_says() =>
        // The example of ERC-7201.
        Assert.Equal(Hex.DecodeQuantity("0x183a6125c38840424c4a85fa12bab2ab606c4b6d0e7cc73c0c06ba5300eab500"), StorageLayout.NamespaceSlot("example.main"));

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"storage":7}""")]
    [InlineData("""{"storage":[{"label":"a","slot":"0","offset":40,"type":"t"}],"types":{"t":{"label":"bool","encoding":"inplace","numberOfBytes":"1"}}}""")]
    [InlineData("""{"storage":[{"label":"a","slot":"0","offset":0,"type":"gone"}],"types":{}}""")]
    [InlineData("""{"storage":[{"label":"a","slot":"x","offset":0,"type":"t"}],"types":{"t":{"label":"bool","encoding":"odd","numberOfBytes":"1"}}}""")]
    public void A_layout_of_another_form_is_refused_or_none(string json)
    {
        if (json == "[]")
        {
            Assert.Null(StorageLayout.FromJson(json));
        }
        else
        {
            Assert.Equal("storage-layout", Assert.Throws<EthereumException>(() => StorageLayout.FromJson(json)).Code);
        }
    }

    private async Task<IReadOnlyList<StorageChange>> ChangesAsync(string function, params AbiValue[] arguments)
    {
        var call = new CallRequest { From = Anvil.Accounts[0], To = _truth, Data = _abi.Function(function).Encode(arguments) };
        var difference = await _client.SendAsync(SimulationRequests.TraceDifference(call, BlockReference.Latest, Next, new StateOverrides()), Token);
        return Reader(call).Read(difference.Accounts[_truth].Storage);
    }

    private StorageReader Reader(CallRequest call)
    {
        var keys = Enumerable.Range(0, 16).Select(number => Bytes32.FromUnsigned(number)).ToList();
        for (var rest = call.Data.Span[4..]; rest.Length >= 32; rest = rest[32..])
        {
            keys.Add(new Bytes32(rest[..32]));
        }

        keys.Add(new Bytes32([0xaa, 0xbb, 0xcc, 0xdd, .. new byte[28]]));
        return new StorageReader(_layout, keys, _ => null);
    }

    private async Task<Dictionary<string, string>> TruthAsync(StateOverrides overrides)
    {
        var words = _abi.Function("read").DecodeOutput(await _client.SendAsync(SimulationRequests.Call(new CallRequest { To = _truth, Data = _abi.Function("read").Encode(Who, Key) }, BlockReference.Latest, overrides), Token))[0].AsList();
        var text = _abi.Function("text").DecodeOutput(await _client.SendAsync(SimulationRequests.Call(new CallRequest { To = _truth, Data = _abi.Function("text").Encode() }, BlockReference.Latest, overrides), Token))[0].AsText();
        var truth = new Dictionary<string, string>(StringComparer.Ordinal) { ["text"] = $"\"{text}\"" };
        Put("first", 0, Account);
        Put("flag", 1, Flag);
        Put("a", 2);
        Put("b", 3, Signed);
        Put("wide", 4, Signed);
        Put("e", 5, value => Hex.Encode(Bytes32.FromUnsigned(value).ToBytes().AsSpan(28)));
        Put("f", 6);
        Put("money", 7, value => Hex.Encode(Bytes32.FromUnsigned(value).ToBytes().AsSpan(20)));
        Put("s.x", 8);
        Put("s.y", 9);
        Put("s.z", 10, Account);
        Put("s.w[0]", 11);
        Put("s.w[1]", 12);
        Many("packed", 13, 5);
        Many("many", 18, 20);
        Put("dyn.length", 38);
        Many("dyn", 39, 12);
        Put("parts.length", 51);
        for (var i = 0; i < 3; i++)
        {
            Put($"parts[{i}].x", 52 + (3 * i));
            Put($"parts[{i}].y", 53 + (3 * i));
            Put($"parts[{i}].w[0]", 54 + (3 * i));
        }

        for (var i = 0; i < 6; i++)
        {
            Put($"grid[{i / 3}][{i % 3}]", 61 + i);
        }

        Put($"m1[{Who}]", 67);
        Put($"m2[7][{Key}].x", 68);
        Put($"m2[7][{Key}].w[1]", 69);
        Put("m3[2].length", 70);
        Many("m3[2]", 71, 5);
        Put("m4[0xaabbccdd]", 76, Flag);
        return truth;

        void Put(string path, int index, Func<BigInteger, string>? show = null) => truth.Add(path, (show ?? Plain)(words[index].AsInteger()));

        void Many(string path, int index, int count)
        {
            for (var i = 0; i < count; i++)
            {
                Put($"{path}[{i}]", index + i);
            }
        }

        static string Plain(BigInteger value) => value.ToString(CultureInfo.InvariantCulture);
        static string Flag(BigInteger value) => value.IsZero ? "false" : "true";
        static string Account(BigInteger value) => new Address(Bytes32.FromUnsigned(value).ToBytes().AsSpan(12)).ToString();
        static string Signed(BigInteger value) => Plain(value >= BigInteger.One << 255 ? value - (BigInteger.One << 256) : value);
    }
}
