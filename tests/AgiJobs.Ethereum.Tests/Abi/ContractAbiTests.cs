using System.Text;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Tests.Keys;

namespace AgiJobs.Ethereum.Tests.Abi;

public sealed class ContractAbiTests
{
    private static readonly Address Somebody = Address.Parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");

    [Theory]
    [InlineData("pause()", "8456cb59")]
    [InlineData("unpause()", "3f4ba83a")]
    [InlineData("paused()", "5c975abb")]
    [InlineData("pauseAll()", "595c6a67")]
    [InlineData("unpauseAll()", "8a2ddd03")]
    [InlineData("executeGovernanceCall(address,bytes)", "a64cfe10")]
    [InlineData("execTransaction(address to,uint value,bytes data,uint8 operation,uint safeTxGas,uint baseGas,uint gasPrice,address gasToken,address payable refundReceiver,bytes signatures)", "6a761202")]
    [InlineData("multiSend(bytes)", "8d80ff0a")]
    [InlineData("nonce()", "affed0e0")]
    [InlineData("getOwners()", "a0e67e2b")]
    [InlineData("getThreshold()", "e75235b8")]
    [InlineData("isOwner(address)", "2f54bf6e")]
    [InlineData("getTransactionHash(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,uint256)", "d8d11f78")]
    [InlineData("domainSeparator()", "f698da25")]
    [InlineData("checkSignatures(bytes32,bytes,bytes)", "934f3a11")]
    [InlineData("isValidSignature(bytes32,bytes)", "1626ba7e")]
    [InlineData("approveHash(bytes32)", "d4d9bdcd")]
    [InlineData("addOwnerWithThreshold(address,uint256)", "0d582f13")]
    [InlineData("removeOwner(address,address,uint256)", "f8dc5dd9")]
    [InlineData("swapOwner(address,address,address)", "e318b52b")]
    [InlineData("changeThreshold(uint256)", "694e80c3")]
    [InlineData("setGuard(address)", "e19a9dd9")]
    [InlineData("setModuleGuard(address)", "e068df37")]
    [InlineData("setFallbackHandler(address)", "f08a0323")]
    [InlineData("enableModule(address)", "610b5925")]
    [InlineData("disableModule(address,address)", "e009cfde")]
    [InlineData("getModulesPaginated(address,uint256)", "cc2f8452")]
    [InlineData("getStorageAt(uint256,uint256)", "5624b25b")]
    [InlineData("VERSION()", "ffa1ad74")]
    [InlineData("owner()", "8da5cb5b")]
    [InlineData("pendingOwner()", "e30c3978")]
    [InlineData("transferOwnership(address)", "f2fde38b")]
    [InlineData("acceptOwnership()", "79ba5097")]
    [InlineData("grantRole(bytes32,address)", "2f2ff15d")]
    [InlineData("revokeRole(bytes32,address)", "d547741f")]
    [InlineData("renounceRole(bytes32,address)", "36568abe")]
    [InlineData("hasRole(bytes32,address)", "91d14854")]
    public void Known_selectors_come_out(string signature, string selector) =>
        Assert.Equal("0x" + selector, AbiFunction.Parse(signature).Selector.ToString());

    [Theory]
    [InlineData("Paused(address)", "62e78cea01bee320cd4e420270b5ea74000d11b0c9f74754ebdbfc544b05a258")]
    [InlineData("Unpaused(address)", "5db9ee0a495bf2e6ff9c91a7834c1ba4fdd244a5e8aa4e537bd38aeae4b073aa")]
    [InlineData("OwnershipTransferred(address,address)", "8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0")]
    [InlineData("OwnershipTransferStarted(address,address)", "38d16b8cac22d99fc7c124b9cd0de2d3fa1faef420bfe791d8c362d765e22700")]
    [InlineData("RoleGranted(bytes32,address,address)", "2f8788117e7eff1d82e926ec794901d17c78024a50270940304540a733656f0d")]
    [InlineData("RoleRevoked(bytes32,address,address)", "f6391f5c32d9c69d2a47ea670b442974b53935d1edc7fd64eb21e047a839171b")]
    [InlineData("RoleAdminChanged(bytes32,bytes32,bytes32)", "bd79b86ffe0ab8e8776151514217cd7cacd52c909f66475c3af44e129f0b00ff")]
    [InlineData("ExecutionSuccess(bytes32,uint256)", "442e715f626346e8c54381002da614f62bee8d27386535b2521ec8540898556e")]
    [InlineData("ExecutionFailure(bytes32,uint256)", "23428b18acfb3ea64b08dc0c1d296ea9c09702c09083ca5272e64d115b687d23")]
    [InlineData("ExecutionFromModuleSuccess(address)", "6895c13664aa4f67288b25d7a21d7aaa34916e355fb9b6fae0a139a9085becb8")]
    [InlineData("ExecutionFromModuleFailure(address)", "acd2c8702804128fdb0db2bb49f6d127dd0181c13fd45dbfe16de0930e2bd375")]
    [InlineData("AddedOwner(address)", "9465fa0c962cc76958e6373a993326400c1c94f8be2fe3a952adfa7f60b2ea26")]
    [InlineData("RemovedOwner(address)", "f8d49fc529812e9a7c5c50e69c20f0dccc0db8fa95c98bc58cc9a4f1c1299eaf")]
    [InlineData("ChangedThreshold(uint256)", "610f7ff2b304ae8903c3de74c60c6ab1f7d6226b3f52c5161905bb5ad4039c93")]
    [InlineData("EnabledModule(address)", "ecdf3a3effea5783a3c4c2140e677577666428d44ed9d474a0b3a4c9943f8440")]
    [InlineData("DisabledModule(address)", "aab4fa2b463f581b2b32cb3b7e3b704b9ce37cc209b5fb4d77e593ace4054276")]
    [InlineData("ChangedGuard(address)", "1151116914515bc0891ff9047a6cb32cf902546f83066499bcf8ba33d2353fa2")]
    [InlineData("ChangedModuleGuard(address)", "cd1966d6be16bc0c030cc741a06c6e0efaf8d00de2c8b6a9e11827e125de8bb8")]
    [InlineData("ChangedFallbackHandler(address)", "5ac6c46c93c8d0e53714ba3b53db3e7c046da994313d7ed0d192028bc7c228b0")]
    [InlineData("ApproveHash(bytes32,address)", "f2a0eb156472d1440255b0d7c1e19cc07115d1051fe605b0dce69acfec884d9c")]
    [InlineData("Upgraded(address)", "bc7cd75a20ee27fd9adebab32041f755214dbc6bffa90cc0225b39da2e5c2d3b")]
    [InlineData("AdminChanged(address,address)", "7e644d79422f17c01e4894b5f4f588d331ebfa28653d42ae832dc59e38c9798f")]
    public void Known_topics_come_out(string signature, string topic) =>
        Assert.Equal("0x" + topic, AbiEvent.Parse(signature).Topic0.ToString());

    [Fact]
    public void A_call_encodes_and_decodes_with_its_names()
    {
        var transfer = AbiFunction.Parse("function transfer(address to, uint256 amount) returns (bool ok)");
        var calldata = transfer.Encode(Somebody, 5);
        Assert.Equal("0xa9059cbb0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed0000000000000000000000000000000000000000000000000000000000000005", Hex.Encode(calldata));
        var arguments = transfer.DecodeInput(calldata);
        Assert.Equal(Somebody, arguments["to"].AsAddress());
        Assert.Equal(5, arguments["amount"].AsInteger());
        Assert.Equal("to: 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed, amount: 5", arguments.ToString());
        Assert.True(transfer.DecodeOutput(transfer.EncodeOutput(true))["ok"].AsBoolean());
    }

    [Fact]
    public void An_indexed_string_decodes_to_its_hash_and_says_so()
    {
        var named = AbiEvent.Parse("event Named(string indexed name, address indexed who, uint256 value)");
        var (topics, data) = named.Encode("Ada", Somebody, 7);
        var arguments = named.Decode(topics, data);
        Assert.Equal(Keccak256.Hash(Encoding.UTF8.GetBytes("Ada")), arguments["name"].AsBytes32());
        Assert.Equal("abi-value", Assert.Throws<EthereumException>(() => arguments["name"].AsText()).Code);
        Assert.Equal(Somebody, arguments["who"].AsAddress());
        Assert.Equal(7, arguments["value"].AsInteger());
    }

    [Fact]
    public void An_ambiguous_name_is_refused_with_the_candidates_and_a_signature_decides()
    {
        var abi = ContractAbi.FromHumanReadable("function mint(address to)", "function mint(address to, uint256 amount)");
        var refusal = Assert.Throws<EthereumException>(() => abi.Function("mint"));
        Assert.Equal("abi-ambiguous", refusal.Code);
        Assert.Contains("mint(address to);", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("mint(address to, uint256 amount)", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("mint(address,uint256)", abi.Function("mint(address, uint)").Signature);
        Assert.Equal("abi-unknown", Assert.Throws<EthereumException>(() => abi.Function("burn")).Code);
    }

    [Fact]
    public void A_JSON_ABI_keeps_nested_tuples_and_internal_types()
    {
        const string Json = """
            {"contractName":"X","abi":[
              {"type":"function","name":"run","stateMutability":"payable","inputs":[
                {"name":"calls","type":"tuple[2][]","internalType":"struct X.Call[2][]","components":[
                  {"name":"target","type":"address","internalType":"contract IERC20"},
                  {"name":"inner","type":"tuple","components":[{"name":"data","type":"bytes"},{"name":"n","type":"uint96"}]}]}],
               "outputs":[{"name":"","type":"bytes[]"}]},
              {"type":"event","name":"Ran","anonymous":false,"inputs":[{"name":"by","type":"address","indexed":true}]},
              {"type":"error","name":"Nope","inputs":[{"name":"why","type":"uint8"}]},
              {"type":"constructor","inputs":[{"name":"owner","type":"address"}],"stateMutability":"nonpayable"},
              {"type":"receive","stateMutability":"payable"}]}
            """;
        var abi = ContractAbi.FromJson(Json);
        var run = abi.Function("run");
        Assert.Equal("run((address,(bytes,uint96))[2][])", run.Signature);
        Assert.Equal("struct X.Call[2][]", run.Inputs[0].InternalType);
        Assert.Equal("contract IERC20", run.Inputs[0].Type.Element!.Element!.Components[0].InternalType);
        Assert.Equal(StateMutability.Payable, run.StateMutability);
        Assert.True(abi.HasReceive);
        Assert.False(abi.HasFallback);
        Assert.Equal(Hex.Decode("0x00010000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed"), abi.Constructor.Encode([0, 1], Somebody));
        Assert.True(abi.TryEvent(abi.Event("Ran").Topic0!.Value, out _));
        Assert.Equal("Nope(why: 3)", abi.DecodeRevert(abi.Error("Nope").Encode(3)).Text);

        var again = ContractAbi.FromJson(abi.ToJson());
        Assert.Equal(abi.ToJson(), again.ToJson());
        Assert.Equal(run.Signature, again.Function("run").Signature);
        Assert.Equal("contract IERC20", again.Function("run").Inputs[0].Type.Element!.Element!.Components[0].InternalType);
        Assert.Equal(abi.Constructor.ToString(), again.Constructor.ToString());
        Assert.True(again.HasReceive);
    }

    [Theory]
    [InlineData("function f() external payable virtual override returns (uint256 memory a);", "function f() payable returns (uint256 a)")]
    [InlineData("f(uint,int,byte)", "function f(uint256, int256, bytes1)")]
    [InlineData("function f(address payable to, tuple(uint8 a, (bool, string)[2] b)[] calldata c) public constant", "function f(address to, tuple(uint8 a, tuple(bool, string)[2] b)[] c) view")]
    [InlineData("function f(function cb) pure", "function f(function cb) pure")]
    [InlineData("error(uint256)", "function error(uint256)")]
    public void A_human_readable_function_is_understood(string text, string normal) => Assert.Equal(normal, AbiFunction.Parse(text).ToString());

    [Theory]
    [InlineData("function")]
    [InlineData("function ()")]
    [InlineData("function f")]
    [InlineData("function f(uint256")]
    [InlineData("function f() view pure")]
    [InlineData("function f() returns")]
    [InlineData("function f() returns (uint256) view")]
    [InlineData("function f(uint256 indexed a)")]
    [InlineData("function f(uint256 1a)")]
    [InlineData("function 1f()")]
    [InlineData("function f(Struct s)")]
    [InlineData("event E(uint256)")]
    [InlineData("error E(uint256)")]
    [InlineData("constructor ()  x")]
    [InlineData("function f() external nonsense")]
    public void Text_that_is_no_function_is_refused(string text) =>
        Assert.StartsWith("abi-", Assert.Throws<EthereumException>(() => AbiFunction.Parse(text)).Code, StringComparison.Ordinal);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"abi":{}}""")]
    [InlineData("[1]")]
    [InlineData("""[{"type":"function"}]""")]
    [InlineData("""[{"type":"function","name":"1"}]""")]
    [InlineData("""[{"type":"function","name":"a b"}]""")]
    [InlineData("""[{"type":"thing","name":"a"}]""")]
    [InlineData("""[{"type":"function","name":"a","inputs":1}]""")]
    [InlineData("""[{"type":"function","name":"a","inputs":[{"name":"x"}]}]""")]
    [InlineData("""[{"type":"function","name":"a","inputs":[{"name":"x","type":"tuple"}]}]""")]
    [InlineData("""[{"type":"function","name":"a","inputs":[{"name":"x","type":"tuples","components":[]}]}]""")]
    [InlineData("""[{"type":"function","name":"a","stateMutability":"wild"}]""")]
    [InlineData("""[{"type":"function","name":"a","name":"b"}]""")]
    [InlineData("""[{"type":"constructor"},{"type":"constructor"}]""")]
    [InlineData("""[{"type":"function","name":"many_msg_babbage","inputs":[{"type":"bytes1"}]},{"type":"function","name":"transfer","inputs":[{"type":"address"},{"type":"uint256"}]}]""")]
    [InlineData("[")]
    [InlineData("")]
    public void JSON_that_is_no_ABI_is_refused(string json) =>
        Assert.StartsWith("abi-", Assert.Throws<EthereumException>(() => ContractAbi.FromJson(json)).Code, StringComparison.Ordinal);

    [Fact]
    public void The_compiled_ABIs_of_OpenZeppelin_and_Safe_are_read_and_written_back()
    {
        var modules = Path.Combine(KeyVectors.Root, "node_modules");
        string[] artefacts =
        [
            .. Directory.EnumerateFiles(Path.Combine(modules, "@openzeppelin", "contracts", "build", "contracts"), "*.json"),
            .. Directory.EnumerateFiles(Path.Combine(modules, "@safe-global", "safe-contracts", "build", "artifacts", "contracts"), "*.json", SearchOption.AllDirectories)
                .Where(static path => !path.EndsWith(".dbg.json", StringComparison.Ordinal)),
        ];
        Assert.True(artefacts.Length > 100, $"Only {artefacts.Length} artefacts: run npm ci in the root of the repository.");
        foreach (var artefact in artefacts)
        {
            var abi = ContractAbi.FromJson(File.ReadAllText(artefact));
            Assert.Equal(abi.ToJson(), ContractAbi.FromJson(abi.ToJson()).ToJson());
            var text = abi.Functions.Select(static one => one.ToString()).Concat(abi.Events.Select(static one => one.ToString())).Concat(abi.Errors.Select(static one => one.ToString()));
            var again = ContractAbi.FromHumanReadable([.. text]);
            Assert.Equal(abi.Functions.Select(static one => one.Selector), again.Functions.Select(static one => one.Selector));
            Assert.Equal(abi.Events.Select(static one => one.ToString()), again.Events.Select(static one => one.ToString()));
        }
    }

    [Fact]
    public void A_reason_of_hand_written_assembly_is_read_though_its_padding_is_missing_or_too_long()
    {
        var exact = AbiError.Parse("Error(string)").Encode("no");
        Assert.Equal("\"no\"", ContractAbi.Empty.DecodeRevert(exact.AsSpan(0, exact.Length - 30)).Text);
        Assert.Equal("\"no\"", ContractAbi.Empty.DecodeRevert([.. exact, 1, 2, 3]).Text);
        Assert.Equal(RevertKind.Unknown, ContractAbi.Empty.DecodeRevert(exact.AsSpan(0, exact.Length - 32)).Kind);
    }

    [Fact]
    public void Reverts_are_decoded_and_what_is_unknown_says_so()
    {
        var abi = ContractAbi.FromHumanReadable("error NotOwner(address caller, string why)");
        Assert.Equal(RevertKind.Empty, abi.DecodeRevert([]).Kind);
        Assert.Equal(
            "NotOwner(caller: 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed, why: \"no\\u{1b}[2J\")",
            abi.DecodeRevert(abi.Error("NotOwner").Encode(Somebody, "no\u001b[2J")).Text);
        Assert.Equal("\"paused\"", abi.DecodeRevert(AbiError.Parse("Error(string)").Encode("paused")).Text);
        Assert.Equal("Panic(0x11): arithmetic overflow or underflow", abi.DecodeRevert(AbiError.Parse("Panic(uint256)").Encode(0x11)).Text);
        Assert.Equal("Panic(0x99): a code that Solidity does not define", abi.DecodeRevert(AbiError.Parse("Panic(uint256)").Encode(0x99)).Text);
        var unknown = abi.DecodeRevert([0xde, 0xad, 0xbe, 0xef]);
        Assert.Equal(RevertKind.Unknown, unknown.Kind);
        Assert.Equal("unknown error 0xdeadbeef", unknown.Text);
        Assert.Equal(RevertKind.Unknown, abi.DecodeRevert([.. abi.Error("NotOwner").Selector.ToBytes(), 1, 2]).Kind);
    }
}
