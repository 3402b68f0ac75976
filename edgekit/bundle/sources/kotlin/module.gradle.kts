// The project says the plugin's version (9 or newer, which compiles Kotlin by itself).
plugins {
    id("com.android.library")
}

android {
    namespace = "dev.edgekit.PACKAGE"
    compileSdk = 36

    defaultConfig {
        minSdk = 24
        consumerProguardFiles("consumer-rules.pro")
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }

    // Models do not become smaller by it, and are copied faster without.
    androidResources {
        noCompress += "tflite"
    }
}

dependencies {
    api(project(":core"))
    // The version that the host proved the model with: change both together.
    api("com.google.ai.edge.litert:litert:LITERT")
}
