using System.Numerics;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Safes.Deployment;

namespace AgiJobs.Testing.Networks;

/// <summary>Other governments for a test network than the one Safe that it starts with: Safes that own Safes, timelocks.</summary>
public static class Governance
{
    private const string TimelockSource = """
        // SPDX-License-Identifier: MIT
        pragma solidity ^0.8.20;
        import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
        contract Timelock is TimelockController {
            constructor(uint256 delay, address[] memory proposers, address[] memory executors) TimelockController(delay, proposers, executors, address(0)) {}
        }
        """;

    /// <summary>Deploys a Safe.</summary>
    public static async Task<Address> NewSafeAsync(this TestNetwork network, int threshold, params Address[] owners)
    {
        var artifacts = SafeArtifacts.Load(Toolchain.PathOf("node_modules", "@safe-global", "safe-contracts"));
        var plan = new SafeDeployment(new SafeQuorum(owners, threshold), new BigInteger(owners[0].ToBytes(), isUnsigned: true), artifacts.ProxyCreationCode);
        await network.SendMinedAsync(network.Accounts["deployer"].Address, plan.ProxyFactory, plan.EncodeCreation());
        return plan.Address;
    }

    /// <summary>Deploys OpenZeppelin's TimelockController; the zero address as executor lets anybody execute.</summary>
    public static async Task<Address> NewTimelockAsync(this TestNetwork network, ulong delay, Address proposer, Address executor)
    {
        var compiled = await Solidity.CompileAsync(TimelockSource, "Timelock");
        var abi = ContractAbi.FromJson(compiled.AbiJson);
        var deployer = network.Accounts["deployer"].Address;
        var answer = await network.Client.RequestAsync("eth_sendTransaction", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from", deployer.ToString());
            writer.WriteString("input", Hex.Encode(abi.Constructor.Encode(compiled.CreationCode, delay, new AbiList([proposer]), new AbiList([executor]))));
            writer.WriteString("gas", "0x7a1200");
            writer.WriteEndObject();
        });
        var hash = Bytes32.Parse(answer.GetString()!);
        return (await Wait.ForAsync("the timelock's receipt", () => network.Client.ReceiptAsync(hash))).ContractAddress!.Value;
    }

    /// <summary>Has any account or contract make a call at once.</summary>
    public static async Task CallAsAsync(this TestNetwork network, Address from, Address to, byte[] data)
    {
        _ = await network.Client.RequestAsync("anvil_impersonateAccount", writer => writer.WriteStringValue(from.ToString()));
        _ = await network.Client.RequestAsync("anvil_setBalance", writer =>
        {
            writer.WriteStringValue(from.ToString());
            writer.WriteStringValue(Hex.EncodeQuantity(BigInteger.Pow(10, 20)));
        });
        await network.SendMinedAsync(from, to, data);
    }

    /// <summary>Makes an account one more owner of the network's Safe, of which two have to sign.</summary>
    public static Task AddSafeOwnerAsync(this TestNetwork network, Address owner) =>
        network.CallAsAsync(network.Safe, network.Safe, SafeAbi.Safe.Function("addOwnerWithThreshold").Encode(owner, 2));

    /// <summary>Hands the contract that pauses everything over, in its two steps.</summary>
    public static async Task HandSystemPauseToAsync(this TestNetwork network, Address owner)
    {
        await network.CallAsAsync(network.Safe, "SystemPause", "transferOwnership", owner);
        await network.CallAsAsync(owner, "SystemPause", "acceptOwnership");
    }

    /// <summary>Lets so many seconds pass on the chain.</summary>
    public static async Task PassAsync(this TestNetwork network, ulong seconds)
    {
        _ = await network.Client.RequestAsync("evm_increaseTime", writer => writer.WriteNumberValue(seconds));
        await network.MineAsync();
    }

    /// <summary>How often an event was emitted by a contract, over the whole chain.</summary>
    public static async Task<int> CountAsync(this TestNetwork network, Address contract, AbiEvent @event) =>
        (await network.Client.LogsAsync(new LogFilter { From = BlockReference.Earliest, To = BlockReference.Latest, Addresses = [contract], Topics = [[@event.Topic0!.Value]] })).Count;
}
