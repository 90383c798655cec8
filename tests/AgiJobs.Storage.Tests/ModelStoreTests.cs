namespace AgiJobs.Storage.Tests;

/// <summary>The model itself keeps the promises that the databases are held to.</summary>
public sealed class ModelStoreTests : StateStoreTests
{
    private ModelStore? _model;

    protected override Task<IStateStore> OpenAsync(TimeProvider time) => Task.FromResult<IStateStore>(_model ??= new ModelStore(time));

    protected override Task MoveAsync()
    {
        _model = null;
        return Task.CompletedTask;
    }
}
